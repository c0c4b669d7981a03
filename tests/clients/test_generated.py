"""What generators make of openapi.yaml: compiled under strict types, and asked for an answer."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from tests.hospital.conftest import Screened, radiograph, screened, screener  # noqa: F401
from tools.postman import COLLECTION, collection

from covidxray_api.hospital.results import results
from covidxray_api.hospital.results_store import ResultsStore
from covidxray_api.rendering.renderer import Context
from covidxray_api.settings import Settings

Serve = Callable[[Settings], AbstractContextManager[httpx.Client]]

ROOT = Path(__file__).parents[2]
CLIENTS = ROOT / "examples" / "clients"
TSC = ("npx", "tsc")
NODE = ("node",)
PACKAGES = ("typescript@5.9.3", "openapi-typescript@7.13.0", "react@19.2.0", "@types/react@19.2.2")

pytestmark = [
    pytest.mark.npm,
    pytest.mark.skipif(not shutil.which("npx"), reason="needs npm"),
]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with packages of its own and our clients, as a frontend team has it."""
    folder = tmp_path_factory.mktemp("project")
    (folder / "package.json").write_text('{"type": "module"}')
    install = ["npm", "install", "--no-audit", "--no-fund", "--no-save", *PACKAGES]
    subprocess.run(install, cwd=folder, check=True, capture_output=True)
    for name in ("covidxray.ts", "Screen.tsx", "types.mjs"):
        shutil.copy(CLIENTS / name, folder)
    shutil.copy(ROOT / "openapi.yaml", folder)
    return folder


def compiled(project: Path, *arguments: str) -> None:
    strict = "--strict --noUncheckedIndexedAccess --exactOptionalPropertyTypes --target es2022"
    done = subprocess.run(
        [*TSC, *strict.split(), *arguments], cwd=project, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_react_component_is_strict(project: Path) -> None:
    compiled(
        project, "--noEmit", "--jsx", "react-jsx", "--module", "nodenext", "--lib", "es2022,dom",
        "Screen.tsx",
    )  # fmt: skip


def test_types_of_openapi_typescript_take_a_blob(project: Path) -> None:
    made = subprocess.run(
        [*NODE, "types.mjs", "openapi.yaml"], cwd=project, check=True, capture_output=True
    )
    (project / "api.ts").write_bytes(made.stdout)
    (project / "use.ts").write_text(
        """
        import type { components, paths } from "./api.js";
        type Form<Path extends keyof paths> = paths[Path] extends {
          post: { requestBody: { content: { "multipart/form-data": infer Found } } };
        } ? Found : never;
        export const one = (film: Blob): Form<"/predict"> => ({ file: film });
        export const many = (films: Blob[]): Form<"/predict/batch"> => ({ file: films });
        export type Answer = components["schemas"]["Prediction"];
        type Report = paths["/report"]["post"]["responses"][200]["content"]["application/pdf"];
        export const kept = (report: Report): number => report.size;
        // @ts-expect-error: a text is no image.
        export const none: Form<"/predict"> = { file: "film.png" };
        """
    )
    compiled(project, "--noEmit", "--module", "nodenext", "--lib", "es2022,dom", "use.ts")


def test_what_orval_makes_sends_an_image(
    project: Path, service: httpx.Client, examples: Path
) -> None:
    orval = ["npx", "--yes", "--package=orval@7.13.2", "orval", "--client", "fetch"]
    subprocess.run(
        [*orval, "--input", "./openapi.yaml", "--output", "./orval.ts"],
        cwd=project,
        check=True,
        capture_output=True,
    )
    compiled(project, "--module", "nodenext", "--lib", "es2022,dom,dom.iterable", "orval.ts")
    (project / "main.mjs").write_text(
        """
        import { readFile } from "node:fs/promises";
        import { predict } from "./orval.js";
        const plain = globalThis.fetch;
        globalThis.fetch = (path, options) => plain(process.argv[2] + path, options);
        const film = new Blob([await readFile(process.argv[3])]);
        const { status, data } = await predict({ file: film }, { operating_point: "specific" });
        console.log(JSON.stringify({ status, data }));
        """
    )
    done = subprocess.run(
        [*NODE, "main.mjs", f"{str(service.base_url).rstrip('/')}/v1", examples / "normal.png"],
        cwd=project,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["status"] == 200
    assert told["data"]["predicted_label"] == "normal"
    assert told["data"]["operating_point"] == "specific"


@pytest.fixture
def whole(serve: Serve, screened: Screened, tmp_path: Path) -> Iterator[str]:  # noqa: F811
    """Where a service is that keeps records, jobs, and the results of a study."""
    store = ResultsStore(tmp_path / "results.sqlite", hours=24)
    film, now = screened("covid_19"), datetime.now(UTC)
    store.add([film], results([film], Context("en", "ward-3", now)), now, "ward-3")
    settings = Settings(
        records=tmp_path / "records.sqlite",
        record_screenings="required",
        jobs=tmp_path / "jobs",
        results=tmp_path / "results.sqlite",
    )
    with serve(settings) as client:
        yield f"{str(client.base_url).rstrip('/')}/v1"


def test_newman_gets_an_answer_to_every_request_of_the_postman_collection(
    whole: str, tmp_path: Path
) -> None:
    kept = json.loads(COLLECTION.read_text(encoding="utf-8"))
    addresses = [one["value"] for one in kept["variable"] if one["key"] == "baseUrl"]
    assert addresses == ["http://127.0.0.1:8000/v1"]
    report = tmp_path / "report.json"
    run = ["npx", "--yes", "--package=newman@6.2.2", "newman", "run", str(COLLECTION)]
    options = ["--env-var", f"baseUrl={whole}", "--reporters", "json"]
    subprocess.run(
        [*run, *options, "--reporter-json-export", str(report)], cwd=ROOT, capture_output=True
    )

    executions = json.loads(report.read_text())["run"]["executions"]
    assert len(executions) >= 25
    refused = {
        one["item"]["name"]: one["response"]["code"]
        for one in executions
        if one["response"]["code"] >= 400
    }
    assert refused == {}


def test_the_postman_collection_is_that_of_the_description() -> None:
    assert COLLECTION.read_text(encoding="utf-8") == collection(), "run `python -m tools.postman`"
