"""The node and its destinations speak TLS, and know each other by certificates."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from pathlib import Path

import pytest
from pydicom.uid import generate_uid
from tests.hospital.nodes import SUCCESS, Archive, echo, running, store
from tests.serving.test_tls import files  # noqa: F401 - a fixture

Radiograph = Callable[..., bytes]


@pytest.mark.hospital
def test_films_come_and_results_leave_by_tls(
    radiograph: Radiograph,
    files: dict[str, Path],  # noqa: F811
    tmp_path: Path,
) -> None:
    certificate, key = files["certificate"], files["key"]
    asks = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=certificate)
    asks.load_cert_chain(certificate, key)
    asks.verify_mode = ssl.CERT_REQUIRED
    stranger = ssl.create_default_context(cafile=certificate)
    known = ssl.create_default_context(cafile=certificate)
    known.load_cert_chain(certificate, key)
    pair = {"tls_certificate": str(certificate), "tls_key": str(key)}
    film = radiograph(StudyInstanceUID=generate_uid())

    with Archive().listening(tls=asks) as archive:
        destination = archive.destination(tls=True)
        config = {**pair, "tls_peers": str(certificate), "destinations": [destination]}
        with running(tmp_path, **config) as node:
            assert not echo(node.port)
            assert store(node.port, film, tls_args=(stranger, "127.0.0.1")) == []
            assert store(node.port, film, tls_args=(known, "127.0.0.1")) == [SUCCESS]
            assert len(archive.results(1)) == 1
