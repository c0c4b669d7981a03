"""The clients of examples/clients, as they are copied, against the service."""

from __future__ import annotations

import asyncio
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import httpx
import pytest
from tests.conftest import ServeWith, WaitingEngine

from covidxray_api.settings import Settings

CLIENTS = Path(__file__).parents[2] / "examples" / "clients"
NPX = ("npx", "--yes")
COMPILER = ("--package=typescript@5.9.3",)
TYPESCRIPT = (*NPX, *COMPILER, "tsc")
NODE = ("node",)


@pytest.fixture(scope="module")
def client() -> ModuleType:
    path = CLIENTS / "covidxray_client.py"
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def files(examples: Path) -> list[Path]:
    return [examples / "normal.png", examples / "covid_19.png"]


@pytest.fixture
def base(service: httpx.Client) -> str:
    return str(service.base_url)


class TestPython:
    def test_it_asks_all_there_is(self, client: ModuleType, base: str, files: list[Path]) -> None:
        with client.Client(base, language="es") as asking:
            answer = asking.predict(files[0], operating_point="specific", prevalence=0.05)
            report = asking.report(files[0].read_bytes())
            batch = list(asking.predict_batch([*files, b"text"]))

        assert answer["predicted_label"] == "normal"
        assert answer["operating_point"] == "specific"
        assert answer["notice"].startswith("Apoyo")
        assert report.startswith(b"%PDF")
        assert [one["index"] for one in batch] == [0, 1, 2]
        assert batch[0]["prediction"]["predicted_label"] == "normal"
        assert batch[2]["problem"]["type"] == "/problems/unsupported-format"

    def test_many_can_be_asked_at_once(
        self, client: ModuleType, base: str, files: list[Path]
    ) -> None:
        async def ask() -> tuple[Any, ...]:
            async with client.AsyncClient(base) as asking:
                answers = await asyncio.gather(*(asking.predict(file) for file in files))
                batch = [one async for one in asking.predict_batch(files)]
                return answers, batch, await asking.report(files[0])

        answers, batch, report = asyncio.run(ask())

        assert [one["predicted_label"] for one in answers] == [
            one["prediction"]["predicted_label"] for one in batch
        ]
        assert report.startswith(b"%PDF")

    def test_it_says_why_it_was_refused(self, client: ModuleType, base: str) -> None:
        with client.Client(base) as asking:
            with pytest.raises(client.Problem, match="Unsupported file format") as refused:
                asking.predict(b"text")
            with pytest.raises(client.Problem, match="did you mean 'operating_point'"):
                asking.predict(b"text", operating_poin="x")

        assert refused.value.type == "/problems/unsupported-format"
        assert refused.value.status == 415
        assert refused.value.advice
        assert refused.value.request_id

    def test_it_asks_again_where_the_service_is_busy(
        self, client: ModuleType, serve_with: ServeWith, engine: WaitingEngine, film: bytes
    ) -> None:
        refusals = threading.Semaphore(0)

        def notice(response: httpx.Response) -> None:
            if response.status_code == 503:
                refusals.release()

        async def notice_too(response: httpx.Response) -> None:
            notice(response)

        def ask(url: str) -> Any:
            with client.Client(url) as asking:
                asking._http.event_hooks = {"response": [notice]}
                return asking.predict(film)

        async def ask_too(url: str) -> Any:
            async with client.AsyncClient(url) as asking:
                asking._http.event_hooks = {"response": [notice_too]}
                return await asking.predict(film)

        with busy(serve_with, engine, film) as url, ThreadPoolExecutor() as pool:
            with client.Client(url, retries=0) as asking, pytest.raises(client.Problem) as refused:
                asking.predict(film)
            answers = [pool.submit(ask, url), pool.submit(asyncio.run, ask_too(url))]
            assert refusals.acquire(timeout=60)
            assert refusals.acquire(timeout=60)
            engine.go.set()

        assert refused.value.status == 503
        assert all(answer.result()["predicted_label"] for answer in answers)


@contextmanager
def busy(serve_with: ServeWith, engine: WaitingEngine, film: bytes) -> Iterator[str]:
    """A service with one place, which is taken until the engine may go."""
    with serve_with(Settings(gate="ssim", max_in_flight=1), engine) as http:
        engine.warm_up(http)
        first = threading.Thread(target=http.post, args=("/predict",), kwargs={"content": film})
        first.start()
        assert engine.begun.acquire(timeout=60)
        try:
            yield str(http.base_url)
        finally:
            engine.go.set()
            first.join()


@pytest.mark.skipif(not shutil.which("java"), reason="needs a JDK")
def test_java(base: str, files: list[Path], tmp_path: Path) -> None:
    text = tmp_path / "text.png"
    text.write_text("text")
    command = ["java", str(CLIENTS / "Predict.java"), base, *map(str, [*files, text])]

    done = subprocess.run(command, capture_output=True, text=True, timeout=120)

    first, _, problem = (json.loads(line) for line in done.stdout.splitlines())
    assert done.returncode == 1
    assert first["predicted_label"] == "normal"
    assert first["operating_point"] == "screening"
    assert problem["type"] == "/problems/unsupported-format"


@pytest.mark.npm
@pytest.mark.skipif(not shutil.which("npx"), reason="needs npm")
def test_typescript_is_strict_and_runs(base: str, files: list[Path], tmp_path: Path) -> None:
    shutil.copy(CLIENTS / "covidxray.ts", tmp_path)
    (tmp_path / "package.json").write_text('{"type": "module"}')
    (tmp_path / "use.ts").write_text(
        """
        import { Covidxray, ProblemError, type Prediction, type Problem } from "./covidxray.js";
        const client = new Covidxray("http://x", { language: "es", key: "k", retries: 1 });
        export async function use(film: File): Promise<Prediction | Problem> {
          try {
            return await client.predict(film, { prevalence: 0.05, gate: "ssim" });
          } catch (error) {
            if (error instanceof ProblemError) return error.problem;
            throw error;
          }
        }
        """
    )
    (tmp_path / "main.mjs").write_text(
        """
        import { readFile } from "node:fs/promises";
        import { Covidxray } from "./covidxray.js";
        const client = new Covidxray(process.argv[2], { language: "es" });
        const films = await Promise.all(
          process.argv.slice(3).map(async (path) => new Blob([await readFile(path)])),
        );
        const answer = await client.predict(films[0], { operating_point: "specific" });
        const batch = await client.predictBatch([...films, new Blob(["text"])]);
        const report = (await client.report(films[0])).type;
        const { problem } = await client.predict(new Blob(["text"])).catch((error) => error);
        console.log(JSON.stringify({ answer, batch, report, problem }));
        """
    )
    options = "--strict --noUncheckedIndexedAccess --target es2022 --module nodenext use.ts"
    compiled = subprocess.run(
        [*TYPESCRIPT, *options.split()], cwd=tmp_path, capture_output=True, text=True
    )
    assert compiled.returncode == 0, compiled.stdout + compiled.stderr

    done = subprocess.run(
        [*NODE, "main.mjs", base, *map(str, files)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )

    told = json.loads(done.stdout)
    assert told["answer"]["predicted_label"] == "normal"
    assert told["answer"]["operating_point"] == "specific"
    assert told["report"] == "application/pdf"
    assert told["batch"][2]["problem"]["type"] == told["problem"]["type"]


def test_curl(base: str, examples: Path, tmp_path: Path) -> None:
    told = {
        **os.environ,
        "BASE": base.rstrip("/"),
        "FILM": str(examples / "normal.png"),
        "MAPPED": str(examples / "viral_pneumonia.png"),
    }

    done = subprocess.run(
        [CLIENTS / "recipes.sh"], env=told, cwd=tmp_path, capture_output=True, text=True, check=True
    )

    assert done.stdout.count('"predicted_label":"normal"') >= 6
    assert '"request_id":"ward-3.42"' in done.stdout
    assert (tmp_path / "map.png").read_bytes().startswith(b"\x89PNG")
    assert (tmp_path / "report.pdf").read_bytes().startswith(b"%PDF")


def requests_of(file: Path) -> Iterator[tuple[str, str, dict[str, str], bytes]]:
    """Method, path, headers and body of each request of an .http file."""
    for block in file.read_text(encoding="utf-8").split("### ")[1:]:
        lines = block.splitlines()[1:]
        text = "\n".join(line for line in lines if not line.startswith("@")).strip()
        if not text:
            continue
        head, _, body = text.partition("\n\n")
        (method, url), *headers = (line.split(maxsplit=1) for line in head.splitlines())
        parts: list[bytes] = []
        for line in body.splitlines():
            is_file = line.startswith("< ")
            parts.append((file.parent / line[2:]).read_bytes() if is_file else line.encode())
        stated = {name.rstrip(":"): value for name, value in headers}
        yield method, url.removeprefix("{{base}}"), stated, b"\r\n".join(parts)


def test_http_file(service: httpx.Client) -> None:
    asked = list(requests_of(CLIENTS / "covidxray.http"))

    assert len(asked) == 8
    for method, path, headers, body in asked:
        answer = service.request(method, f"/v1{path}", headers=headers, content=body or None)
        assert answer.status_code == 200, (path, answer.text)


@pytest.mark.npm
@pytest.mark.skipif(not shutil.which("npx"), reason="needs npm")
def test_generated_typescript_takes_a_file_and_compiles(tmp_path: Path) -> None:
    shutil.copy(CLIENTS.parents[1] / "openapi.yaml", tmp_path)
    hey = (*COMPILER, "--package=@hey-api/openapi-ts@0.95.0", "openapi-ts", "-i", "openapi.yaml")
    for command in (
        (*hey, "-o", "hey", "-c", "@hey-api/client-fetch"),
        (
            *COMPILER,
            "--package=openapi-typescript@7.13.0",
            "openapi-typescript",
            "openapi.yaml",
            "-o",
            "types.ts",
        ),
    ):
        subprocess.run([*NPX, *command], cwd=tmp_path, capture_output=True, check=True)

    assert "file: Blob | File" in (tmp_path / "hey" / "types.gen.ts").read_text()
    options = "--strict --noEmit --skipLibCheck --target es2022 --module esnext"
    sources = "--moduleResolution bundler hey/index.ts types.ts"
    compiled = subprocess.run(
        [*TYPESCRIPT, *options.split(), *sources.split()],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert compiled.returncode == 0, compiled.stdout
