"""What a route refuses before it reads a body."""

from __future__ import annotations

import httpx
import pytest

ALL = [
    ("POST", "/predict"),
    ("POST", "/validate"),
    ("POST", "/explain"),
    ("POST", "/preview"),
    ("POST", "/levels"),
    ("POST", "/report"),
    ("POST", "/feedback"),
    ("GET", "/models"),
    ("GET", "/health"),
    ("GET", "/health/live"),
    ("GET", "/health/ready"),
    ("GET", "/problems/overloaded"),
]


@pytest.mark.parametrize(("method", "path"), ALL)
def test_a_parameter_that_is_not_known_is_a_problem(
    service: httpx.Client, film: bytes, method: str, path: str
) -> None:
    answer = service.request(method, path, params={"patient": "Jane Doe"}, content=film)

    assert answer.status_code == 400
    assert answer.json()["type"] == "/problems/invalid-request"
    assert "'patient'" in answer.json()["detail"]
    assert "Jane" not in answer.text


@pytest.mark.parametrize(
    ("path", "name", "meant"),
    [
        ("/predict", "modle", "model"),
        ("/predict", "operating-point", "operating_point"),
        ("/predict", "Prevalence", "prevalence"),
        ("/explain", "lable", "label"),
    ],
)
def test_a_parameter_that_is_misspelt_is_named(
    service: httpx.Client, film: bytes, path: str, name: str, meant: str
) -> None:
    answer = service.post(path, params={name: "x"}, content=film)

    assert answer.status_code == 400
    expected = f"There is no parameter '{name}' here; did you mean '{meant}'?"
    assert answer.json()["detail"] == expected


def test_a_parameter_that_resembles_none_is_answered_with_those_there_are(
    service: httpx.Client, film: bytes
) -> None:
    answer = service.post("/validate", params={"zzz": ""}, content=film)

    expected = "There is no parameter 'zzz' here; there are: gate."
    assert answer.json()["detail"] == expected
    told = service.get("/health", params={"zzz": ""}).json()["detail"]
    assert told == "There is no parameter 'zzz' here; there are: none."


def test_the_page_takes_any_query(service: httpx.Client) -> None:
    assert service.get("/", params={"from": "intranet"}).status_code == 200
