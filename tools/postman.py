"""The Postman collection of the API: `python -m tools.postman` (`make postman`) writes it anew.

It is made of openapi.yaml by Postman's own converter, and then completed by what a description
does not hold: which image is sent, and what a request takes from the answer to another. Where a
file is named, it is written there, and `make check` compares the two.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

ROOT = Path(__file__).parents[1]
COLLECTION = ROOT / "examples" / "clients" / "covidxray.postman_collection.json"
CONVERTER = ("npx", "--yes", "--package=openapi-to-postmanv2@6.3.3", "openapi2postmanv2")
OPTIONS = "parametersResolution=Example,folderStrategy=Tags"

IMAGE = "examples/covid_19.png"
"""Sent with each form; Newman finds it from the folder of the repository."""

KEPT = {
    "Predict": ("request", "request_id"),
    "Create Job": ("job", "id"),
    "List Screenings": ("number", "screenings[0].number"),
    "Get Worklist": ("study", "studies[0].study_instance_uid"),
}
"""What is kept of an answer, by the name of its request: as which variable, and where it stands."""

LEFT_OUT = {
    "Create Job": {"webhook"},
    "List Screenings": {
        "since", "until", "request_id", "caller", "model", "model_version", "predicted_label",
        "before",
    },
}  # fmt: skip
"""Parameters whose examples hold for no service but that of the examples, by request."""


def collection() -> str:
    """Return the collection as JSON; the same for the same description."""
    with TemporaryDirectory() as folder:
        made = Path(folder) / "collection.json"
        command = [*CONVERTER, "-s", str(ROOT / "openapi.yaml"), "-o", str(made), "-O", OPTIONS]
        subprocess.run(command, check=True, capture_output=True)  # noqa: S603
        found: dict[str, Any] = json.loads(made.read_text(encoding="utf-8"))
    del found["info"]["_postman_id"]
    found["variable"] += [{"key": name, "value": ""} for name, _ in KEPT.values()]
    for item in _requests(found["item"]):
        _complete(item)
    return json.dumps(found, indent=1, ensure_ascii=False) + "\n"


def _requests(items: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for item in items:
        item.pop("id", None)
        if "item" in item:
            yield from _requests(item["item"])
        else:
            yield item


def _complete(item: dict[str, Any]) -> None:
    request = item["request"]
    # Examples of answers are for readers of the description, and most of its size.
    item["response"] = []
    body = request.get("body") or {}
    for field in body.get("formdata", ()):
        field.pop("value", None)
        field |= {"type": "file", "src": IMAGE}
    if "request_id" in body.get("raw", ""):
        told = json.loads(body["raw"]) | {"request_id": "{{request}}"}
        body["raw"] = json.dumps(told, indent=2, ensure_ascii=False)
    request["header"] = [
        header for header in request["header"] if header["key"].lower() != "x-request-id"
    ]
    for parameter in request["url"].get("query", ()):
        parameter["disabled"] = parameter["key"] in LEFT_OUT.get(item["name"], ())
    for variable in request["url"].get("variable", ()):
        if variable["key"] in {name for name, _ in KEPT.values()}:
            variable["value"] = "{{" + variable["key"] + "}}"
    checks = ['pm.test("It is answered", () => pm.expect(pm.response.code).to.be.below(400));']
    if item["name"] in KEPT:
        name, place = KEPT[item["name"]]
        checks.append(f'pm.collectionVariables.set("{name}", pm.response.json().{place});')
    item["event"] = [{"listen": "test", "script": {"type": "text/javascript", "exec": checks}}]


if __name__ == "__main__":
    output = Path(sys.argv[1]) if sys.argv[1:] else COLLECTION
    output.write_text(collection(), encoding="utf-8")
