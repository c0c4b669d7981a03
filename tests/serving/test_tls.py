"""The service speaks TLS where it has a certificate."""

from __future__ import annotations

import contextlib
import datetime
import ipaddress
import json
import os
import re
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from tests.waiting import wait_until

from covidxray_api.api.server import check
from covidxray_api.errors import InvalidConfiguration
from covidxray_api.settings import Settings

BIN = Path(sys.executable).parent
PEM = serialization.Encoding.PEM
PKCS8 = serialization.PrivateFormat.PKCS8


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A certificate for this machine, its key, that key with a password, and another's key."""
    folder = tmp_path_factory.mktemp("tls")
    key, other = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "covidxray")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]),
            critical=False,
        )
        .sign(key, hashes.SHA256())
    )
    plain = serialization.NoEncryption()
    locked = serialization.BestAvailableEncryption(b"secret")
    contents = {
        "certificate": certificate.public_bytes(PEM),
        "key": key.private_bytes(PEM, PKCS8, plain),
        "locked": key.private_bytes(PEM, PKCS8, locked),
        "other": other.private_bytes(PEM, PKCS8, plain),
    }
    for name_of_file, content in contents.items():
        (folder / name_of_file).write_bytes(content)
    return {name_of_file: folder / name_of_file for name_of_file in contents}


@pytest.fixture(scope="module", params=["1", "2"], ids="{} processes".format)
def address(files: dict[str, Path], request: pytest.FixtureRequest) -> Iterator[str]:
    """Where `covidxray serve` listens for TLS."""
    environment = os.environ | {
        "COVIDXRAY_TLS_CERTIFICATE": str(files["certificate"]),
        "COVIDXRAY_TLS_KEY": str(files["key"]),
    }
    command = [str(BIN / "covidxray"), "serve", "--port", "0", "--workers", request.param]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout
        events = (json.loads(line)["event"] for line in process.stdout)
        found = next(filter(None, (re.search(r"https://(\S+)", event) for event in events)))
        wait_until(lambda: _listens(found[1]))
        yield found[1]
        process.terminate()
        process.communicate()


def _listens(address: str) -> bool:
    host, _, port = address.partition(":")
    with contextlib.suppress(ConnectionRefusedError), socket.create_connection((host, int(port))):
        return True
    return False


def test_radiographs_travel_encrypted(address: str, files: dict[str, Path], film: bytes) -> None:
    trusted = ssl.create_default_context(cafile=str(files["certificate"]))

    answer = httpx.post(f"https://{address}/predict", content=film, verify=trusted, timeout=60)

    assert answer.json()["predicted_label"] == "normal"
    assert answer.headers["strict-transport-security"] == "max-age=31536000"


def test_nothing_is_answered_in_clear(address: str, files: dict[str, Path]) -> None:
    host, _, port = address.partition(":")
    with socket.create_connection((host, int(port)), timeout=60) as connection:
        connection.sendall(b"GET /health HTTP/1.1\r\nHost: here\r\n\r\n")
        with contextlib.suppress(ConnectionResetError):
            assert b"HTTP/1.1 200" not in connection.recv(1000)

    old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    old.load_verify_locations(files["certificate"])
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        old.maximum_version = ssl.TLSVersion.TLSv1_1
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"https://{address}/health", verify=old)
    trusted = ssl.create_default_context(cafile=str(files["certificate"]))
    assert httpx.get(f"https://{address}/health", verify=trusted).status_code == 200


@pytest.mark.parametrize(
    ("certificate", "key", "reason"),
    [
        ("certificate", "other", "tls"),
        ("certificate", "locked", "tls"),
        ("key", "certificate", "tls"),
        ("certificate", "none", "unreadable"),
        ("certificate", None, "tls_half"),
        (None, "key", "tls_half"),
    ],
)
def test_files_that_do_not_fit_end_the_start(
    files: dict[str, Path], certificate: str | None, key: str | None, reason: str
) -> None:
    folder = files["key"].parent
    given = {"tls_certificate": certificate, "tls_key": key}
    settings = Settings(**{name: folder / file for name, file in given.items() if file})  # type: ignore[arg-type]

    with pytest.raises(InvalidConfiguration, match=rf"\({reason}\)"):
        check(settings)


def test_files_that_fit_do_not(files: dict[str, Path]) -> None:
    check(Settings(tls_certificate=files["certificate"], tls_key=files["key"]))
