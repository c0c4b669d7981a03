/**
 * A client of covidxray-api in one file, for browsers, Node 18, Deno and Bun: copy it into your
 * project. A request that finds the service busy or starting is repeated after the seconds that
 * `Retry-After` states: no request changes anything.
 *
 *     const client = new Covidxray("http://127.0.0.1:8000");
 *     const answer = await client.predict(file, { operating_point: "screening" });
 */

export interface Coded {
  code: string;
  message: string;
}

export interface Finding extends Coded {
  action: "refused" | "corrected" | "warned";
}

/** What `/v1/predict` answers, as far as most programs need it; `openapi.yaml` has all of it. */
export interface Prediction {
  request_id: string;
  rejected: boolean;
  rejection: Coded | null;
  predicted_label: string | null;
  display_label: string | null;
  headline: string;
  statement: string;
  conclusive: boolean;
  uncertain: boolean;
  probabilities: Record<string, number> | null;
  cut_offs: Record<string, number> | null;
  prediction_set: string[] | null;
  consistency: { consistent: boolean; ssim: number; findings: Finding[] };
  warnings: Coded[];
  notice: string;
  model: { name: string; version: string; sha256: string };
}

/** Why the service does not answer (RFC 9457). */
export interface Problem {
  type: string;
  title: string;
  status: number;
  detail?: string;
  advice: string;
  request_id?: string;
}

export interface BatchAnswer {
  index: number;
  filename: string | null;
  prediction: Prediction | null;
  problem: Problem | null;
}

export interface Parameters {
  model?: string;
  operating_point?: string;
  prevalence?: number;
  gate?: "learned" | "ssim";
}

export interface Options {
  key?: string;
  language?: "en" | "es";
  retries?: number;
}

export class ProblemError extends Error {
  constructor(readonly problem: Problem) {
    super(`${problem.title}: ${problem.detail ?? ""}`);
  }
}

const RETRIED = new Set([429, 503, 504]);
const LONGEST_WAIT_S = 60;

export class Covidxray {
  private readonly base: string;

  constructor(
    base: string,
    private readonly options: Options = {},
  ) {
    this.base = `${base.replace(/\/+$/, "")}/v1`;
  }

  async predict(image: Blob, parameters: Parameters = {}): Promise<Prediction> {
    const answer = await this.send("/predict", [image], "application/json", parameters);
    return (await answer.json()) as Prediction;
  }

  async report(image: Blob, parameters: Parameters = {}): Promise<Blob> {
    return (await this.send("/report", [image], "application/pdf", parameters)).blob();
  }

  async predictBatch(images: Blob[], parameters: Parameters = {}): Promise<BatchAnswer[]> {
    const answer = await this.send("/predict/batch", images, "application/json", parameters);
    return ((await answer.json()) as { answers: BatchAnswer[] }).answers;
  }

  private async send(
    path: string,
    images: Blob[],
    accept: string,
    parameters: Parameters,
  ): Promise<Response> {
    const headers: Record<string, string> = {
      Accept: accept,
      "Accept-Language": this.options.language ?? "en",
    };
    if (this.options.key) headers["X-API-Key"] = this.options.key;
    for (let left = this.options.retries ?? 5; ; left -= 1) {
      const form = new FormData();
      for (const [name, value] of Object.entries(parameters)) {
        if (value !== undefined) form.append(name, String(value));
      }
      // The name of a file may be a patient's: it stays here.
      for (const image of images) form.append("file", image, "image");
      const response = await fetch(this.base + path, { method: "POST", headers, body: form });
      if (response.ok) return response;
      if (!RETRIED.has(response.status) || left <= 0) {
        throw new ProblemError((await response.json()) as Problem);
      }
      const seconds = Number(response.headers.get("Retry-After")) || 1;
      await new Promise((go) => setTimeout(go, 1000 * Math.min(seconds, LONGEST_WAIT_S)));
    }
  }
}
