/**
 * A React component in one file, beside `covidxray.ts`: copy both into your project.
 *
 *     <Screen client={new Covidxray("http://127.0.0.1:8000")} />
 */

import { useEffect, useId, useState, type ReactNode } from "react";

import { type Covidxray, type Prediction, ProblemError } from "./covidxray.js";

type Shown =
  | { state: "empty" }
  | { state: "asked" }
  | { state: "answered"; answer: Prediction }
  | { state: "failed"; reason: string };

export function Screen({ client }: { client: Covidxray }): ReactNode {
  const [film, setFilm] = useState<File | null>(null);
  const [shown, setShown] = useState<Shown>({ state: "empty" });
  const field = useId();

  useEffect(() => {
    if (!film) return;
    let current = true;
    // The answer to a film that was replaced meanwhile is not shown for the other.
    const show = (next: Shown) => current && setShown(next);
    setShown({ state: "asked" });
    client.predict(film).then(
      (answer) => show({ state: "answered", answer }),
      (error: unknown) => show({ state: "failed", reason: reasonOf(error) }),
    );
    return () => {
      current = false;
    };
  }, [client, film]);

  return (
    <section>
      <label htmlFor={field}>Chest radiograph</label>
      <input
        id={field}
        type="file"
        onChange={({ currentTarget }) => setFilm(currentTarget.files?.[0] ?? null)}
      />
      <div role="status">
        {shown.state === "asked" && <p>Screening …</p>}
        {shown.state === "failed" && <p>{shown.reason}</p>}
        {shown.state === "answered" && <Answer answer={shown.answer} />}
      </div>
    </section>
  );
}

/** Headline, probabilities and limits are the service's words: none of them is to be left out. */
function Answer({ answer }: { answer: Prediction }): ReactNode {
  return (
    <article>
      <h2>{answer.headline}</h2>
      <p>{answer.statement}</p>
      <ul>
        {Object.entries(answer.probabilities ?? {}).map(([label, share]) => (
          <li key={label}>
            {label}: <meter min={0} max={1} value={share} />
          </li>
        ))}
      </ul>
      <p>
        <strong>{answer.notice}</strong>
      </p>
      <p>
        {answer.model.name} {answer.model.version} · {answer.request_id}
      </p>
    </article>
  );
}

function reasonOf(error: unknown): string {
  if (error instanceof ProblemError) return `${error.problem.title}. ${error.problem.advice}`;
  return "The service does not answer.";
}
