"""An OpenID Connect issuer on this machine."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa

AUDIENCE = "covidxray"


class LocalIssuer:
    """Signs tokens, and tells its public keys over HTTP; counts how often it is asked."""

    def __init__(self) -> None:
        self.keys: dict[str, Any] = {}
        self.documents: dict[str, Any] = {}
        self.asked: list[str] = []
        self.name = ""
        self.rotate("first")

    def rotate(self, identifier: str, key: Any = None) -> None:
        """Sign with another key, which is the only one from then on."""
        self.keys = {identifier: key or rsa.generate_private_key(65537, 2048)}

    def describe(self) -> dict[str, Any]:
        """What is served, by path."""
        algorithms = {ec.EllipticCurvePrivateKey: jwt.algorithms.ECAlgorithm}
        told = []
        for identifier, key in self.keys.items():
            kinds = (kind for known, kind in algorithms.items() if isinstance(key, known))
            algorithm = next(kinds, jwt.algorithms.RSAAlgorithm)
            public = json.loads(algorithm.to_jwk(key.public_key()))
            told.append(public | {"kid": identifier, "use": "sig"})
        return {
            "/.well-known/openid-configuration": {
                "issuer": self.name,
                "jwks_uri": f"{self.name}/keys",
            },
            "/keys": {"keys": told},
        } | self.documents

    def token(
        self, algorithm: str = "RS256", header: dict[str, Any] | None = None, **claims: Any
    ) -> str:
        """Sign a token for now, with other claims; None leaves one out."""
        identifier, key = next(iter(self.keys.items()))
        now = int(time.time())
        stated = {
            "iss": self.name,
            "aud": AUDIENCE,
            "sub": "dr-7",
            "iat": now,
            "exp": now + 600,
            "roles": ["radiologist"],
        } | claims
        stated = {name: value for name, value in stated.items() if value is not None}
        return jwt.encode(stated, key, algorithm, headers={"kid": identifier} | (header or {}))


@contextmanager
def running(issuer: LocalIssuer, port: int = 0) -> Iterator[LocalIssuer]:
    """Let an issuer answer on this machine."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            issuer.asked.append(self.path)
            document = issuer.describe().get(self.path)
            body = document if isinstance(document, bytes) else json.dumps(document).encode()
            self.send_response(200 if document is not None else 404)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002
            pass

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    issuer.name = issuer.name or f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield issuer
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
