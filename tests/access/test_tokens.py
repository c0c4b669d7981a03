"""Tokens of an issuer that runs on this machine, presented to a service that trusts it."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from structlog.contextvars import merge_contextvars
from structlog.testing import capture_logs
from tests.access.local_issuer import AUDIENCE, LocalIssuer, running
from tests.waiting import wait_until

from covidxray_api.access import issuer as issuer_module
from covidxray_api.access.control import AccessControl
from covidxray_api.access.keys import Keys
from covidxray_api.errors import InvalidConfiguration
from covidxray_api.settings import Scope, Settings

Serve = Callable[[Settings], AbstractContextManager[httpx.Client]]

ROLES: dict[str, list[Scope]] = {"radiologist": ["predict", "feedback"], "operator": ["admin"]}


def trusting(issuer: LocalIssuer, **others: Any) -> Settings:
    return Settings(oidc_issuer=issuer.name, oidc_audience=AUDIENCE, oidc_roles=ROLES, **others)


@pytest.fixture(scope="module")
def issuer() -> Iterator[LocalIssuer]:
    with running(LocalIssuer()) as issuer:
        yield issuer


@pytest.fixture(scope="module")
def client(serve: Serve, issuer: LocalIssuer) -> Iterator[httpx.Client]:
    with serve(trusting(issuer)) as client:
        yield client


def asked(client: httpx.Client, token: str) -> httpx.Response:
    return client.get("/models", headers={"Authorization": f"Bearer {token}"})


def test_a_token_with_a_role_is_answered(
    client: httpx.Client, issuer: LocalIssuer, film: bytes
) -> None:
    headers = {"Authorization": f"Bearer {issuer.token()}", "X-Request-ID": "token-1"}
    with capture_logs([merge_contextvars]) as lines:
        answer = client.post("/predict", content=film, headers=headers)
        wait_until(lambda: lines)

    assert answer.status_code == 200
    assert lines[-1]["caller"] == "oidc:dr-7"
    assert issuer.token() not in str(lines)


def test_a_role_allows_what_the_settings_say(client: httpx.Client, issuer: LocalIssuer) -> None:
    assert asked(client, issuer.token(roles=["operator"])).status_code == 403
    assert asked(client, issuer.token(roles=["operator", "radiologist"])).status_code == 200
    # Names of scopes are no roles, unless the settings say so.
    assert asked(client, issuer.token(roles=["predict", 3, None])).status_code == 403
    assert asked(client, issuer.token(roles=None)).status_code == 403
    assert asked(client, issuer.token(roles={"radiologist": True})).status_code == 403


@pytest.mark.parametrize("algorithm", ["RS256", "RS512", "PS256"])
def test_the_usual_signatures_are_read(
    client: httpx.Client, issuer: LocalIssuer, algorithm: str
) -> None:
    assert asked(client, issuer.token(algorithm)).status_code == 200


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "http://127.0.0.1:1"},
        {"aud": "another-service"},
        {"aud": None},
        {"sub": None},
        {"exp": None},
        {"nbf": int(time.time()) + 3600},
        {"iss": None},
    ],
    ids=str,
)
def test_a_token_for_something_else_is_refused(
    client: httpx.Client, issuer: LocalIssuer, claims: dict[str, Any]
) -> None:
    answer = asked(client, issuer.token(**claims))

    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == ('Bearer realm="covidxray", error="invalid_token"')


def test_a_token_that_has_expired_is_refused_and_told(
    client: httpx.Client, issuer: LocalIssuer
) -> None:
    answer = asked(client, issuer.token(exp=int(time.time()) - 120))

    assert answer.status_code == 401
    assert answer.json()["detail"] == "The token has expired; sign in again."


def test_a_signature_of_another_is_refused(client: httpx.Client, issuer: LocalIssuer) -> None:
    stranger = LocalIssuer()
    stranger.name = issuer.name

    assert asked(client, stranger.token()).status_code == 401
    token = issuer.token()
    head, body, signature = token.split(".")
    claims = json.loads(base64.urlsafe_b64decode(body + "=="))
    forged = base64.urlsafe_b64encode(json.dumps(claims | {"sub": "dr-8"}).encode())
    assert asked(client, f"{head}.{forged.rstrip(b'=').decode()}.{signature}").status_code == 401


def test_a_token_that_anybody_could_have_made_is_refused(
    client: httpx.Client, issuer: LocalIssuer
) -> None:
    (key,) = issuer.keys.values()
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    claims = jwt.decode(issuer.token(), options={"verify_signature": False})
    header = {"alg": "HS256", "kid": "first"}
    parts = [base64.urlsafe_b64encode(json.dumps(part).encode()) for part in (header, claims)]
    signed = b".".join(part.rstrip(b"=") for part in parts)
    with_public_key = jwt.algorithms.HMACAlgorithm(jwt.algorithms.HMACAlgorithm.SHA256)
    signature = base64.urlsafe_b64encode(with_public_key.sign(signed, public)).rstrip(b"=")

    assert asked(client, (signed + b"." + signature).decode()).status_code == 401
    assert asked(client, jwt.encode(claims, "", "none")).status_code == 401


@pytest.mark.parametrize("token", ["a", "a.b.c", "." * 2, "x" * 4000, "e30.e30.e30"])
def test_what_is_no_token_is_refused(client: httpx.Client, token: str) -> None:
    assert asked(client, token).status_code == 401


def test_a_key_that_the_issuer_has_changed_is_found(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(issuer_module, "PAUSE_S", 0.0)
    with running(LocalIssuer()) as issuer, serve(trusting(issuer)) as client:
        before = issuer.token()
        assert asked(client, before).status_code == 200
        issuer.rotate("second", ec.generate_private_key(ec.SECP256R1()))
        assert asked(client, issuer.token("ES256")).status_code == 200
        # The kind of the key decides: another algorithm with it is no signature.
        head = base64.urlsafe_b64encode(b'{"alg": "RS256", "kid": "second"}').rstrip(b"=").decode()
        rest = issuer.token("ES256").partition(".")[2]
        assert asked(client, f"{head}.{rest}").status_code == 401


def test_the_issuer_is_asked_once_for_many_tokens(serve: Serve) -> None:
    with running(LocalIssuer()) as issuer, serve(trusting(issuer)) as client:
        for number in range(5):
            assert asked(client, issuer.token(sub=f"dr-{number}")).status_code == 200
            assert asked(client, issuer.token(header={"kid": f"no-{number}"})).status_code == 401

        assert issuer.asked == ["/.well-known/openid-configuration", "/keys"]


def test_an_issuer_that_does_not_answer_is_no_fault_of_the_caller(
    serve: Serve, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(issuer_module, "PAUSE_S", 0.0)
    issuer = LocalIssuer()
    with running(issuer):
        port = int(issuer.name.rpartition(":")[2])
    key = Keys(tmp_path / "keys.json").create("ward-3", ["predict"])
    with serve(trusting(issuer, keys=tmp_path / "keys.json")) as client:
        answer = asked(client, issuer.token())
        assert answer.status_code == 503
        assert answer.json()["type"] == "/problems/access-unavailable"
        assert "retry-after" in answer.headers
        # Keys need no issuer.
        assert asked(client, key).status_code == 200
        with running(issuer, port):
            assert asked(client, issuer.token()).status_code == 200
        # Its keys are known by now.
        assert asked(client, issuer.token(sub="dr-8")).status_code == 200
        issuer.rotate("second")
        assert asked(client, issuer.token()).status_code == 503


@pytest.mark.parametrize(
    "documents",
    [
        {"/.well-known/openid-configuration": {"issuer": "http://127.0.0.1:1", "jwks_uri": "x"}},
        {"/.well-known/openid-configuration": {}},
        {"/.well-known/openid-configuration": b"<html>"},
        {"/.well-known/openid-configuration": []},
        {"/keys": {"keys": None}},
        {"/keys": b" " * 2_000_000},
        {"/keys": None},
    ],
    ids=lambda documents: str(documents)[:60],
)
def test_an_issuer_that_answers_something_else_is_not_believed(
    serve: Serve, documents: dict[str, Any]
) -> None:
    issuer = LocalIssuer()
    issuer.documents = documents
    with running(issuer), serve(trusting(issuer)) as client:
        assert asked(client, issuer.token()).status_code == 503


def test_roles_are_found_where_an_issuer_states_them(serve: Serve) -> None:
    with running(LocalIssuer()) as issuer:
        for claim, claims in (
            ("realm_access.roles", {"realm_access": {"roles": ["radiologist"]}}),
            ("https://hospital.example/roles", {"https://hospital.example/roles": ["radiologist"]}),
            ("scope", {"scope": "openid radiologist"}),
        ):
            with serve(trusting(issuer, oidc_roles_claim=claim)) as client:
                assert asked(client, issuer.token(roles=None, **claims)).status_code == 200
                assert asked(client, issuer.token(realm_access="x")).status_code == 403


@pytest.mark.parametrize(
    "wrong",
    [
        {"oidc_issuer": "http://login.hospital.example"},
        {"oidc_issuer": "login.hospital.example"},
        {"oidc_audience": None},
        {"oidc_roles": {}},
    ],
    ids=str,
)
def test_an_issuer_that_is_half_configured_ends_the_start(wrong: dict[str, Any]) -> None:
    given = {
        "oidc_issuer": "https://login.hospital.example",
        "oidc_audience": AUDIENCE,
        "oidc_roles": ROLES,
    }
    AccessControl.from_settings(Settings(**given))  # type: ignore[arg-type]

    with pytest.raises(InvalidConfiguration):
        AccessControl.from_settings(Settings(**(given | wrong)))


def test_a_short_rsa_key_is_not_trusted(serve: Serve) -> None:
    issuer = LocalIssuer()
    issuer.rotate("weak", rsa.generate_private_key(65537, 1024))  # noqa: S505 - it is refused
    with running(issuer), serve(trusting(issuer)) as client:
        with pytest.warns(jwt.warnings.InsecureKeyLengthWarning):
            token = issuer.token()
        assert asked(client, token).status_code == 401
