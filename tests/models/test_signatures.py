from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from tests.signing import make_keys

from covidxray_api.errors import CorruptArtefact, InvalidConfiguration
from covidxray_api.models.artefacts import sha256_of, verify
from covidxray_api.models.signatures import TrustedKeys, read_signing_key, sign


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A published version without files."""
    made = tmp_path / "net" / "1"
    made.mkdir(parents=True)
    (made / "manifest.json").write_text('{"name": "net", "version": "1"}')
    return made


@pytest.fixture
def private(tmp_path: Path) -> Path:
    return make_keys(tmp_path)[0]


@pytest.fixture
def trusted(private: Path) -> TrustedKeys:
    return TrustedKeys.read(private.with_suffix(".pub.pem"))


def sha256(folder: Path) -> str:
    return sha256_of(folder / "manifest.json")


def test_what_a_trusted_key_has_signed(folder: Path, private: Path, trusted: TrustedKeys) -> None:
    sign(folder, read_signing_key(private))

    trusted.check(folder, sha256(folder))
    # The signature is no foreign file; another name is one.
    verify(folder, {})
    (folder / "manifest.sig").write_bytes(b"")
    with pytest.raises(CorruptArtefact, match="unlisted"):
        verify(folder, {})


def test_nothing_is_signed_until_it_is(folder: Path, trusted: TrustedKeys) -> None:
    with pytest.raises(CorruptArtefact, match="unsigned"):
        trusted.check(folder, sha256(folder))


def test_a_manifest_that_is_changed_is_signed_no_more(
    folder: Path, private: Path, trusted: TrustedKeys
) -> None:
    sign(folder, read_signing_key(private))
    read = sha256(folder)
    (folder / "manifest.json").write_text('{"name": "net", "version": "2"}')

    with pytest.raises(CorruptArtefact, match="signature"):
        trusted.check(folder, sha256(folder))
    # Nor is one that was another when it was read.
    (folder / "manifest.json").write_text('{"name": "net", "version": "1"}')
    trusted.check(folder, read)
    with pytest.raises(CorruptArtefact, match="signature"):
        trusted.check(folder, "0" * 64)


@pytest.mark.parametrize("signature", [b"", b"x", bytes(64), bytes(65)])
def test_a_signature_that_is_none(folder: Path, trusted: TrustedKeys, signature: bytes) -> None:
    (folder / "manifest.json.sig").write_bytes(signature)

    with pytest.raises(CorruptArtefact, match="signature"):
        trusted.check(folder, sha256(folder))


def test_one_of_several_keys_suffices(folder: Path, private: Path, tmp_path: Path) -> None:
    sign(folder, read_signing_key(private))
    _, other = make_keys(tmp_path, "other")
    both = tmp_path / "trusted.pem"
    both.write_bytes(
        other.read_bytes() + b"of the vendor\n" + private.with_suffix(".pub.pem").read_bytes()
    )

    TrustedKeys.read(both).check(folder, sha256(folder))
    with pytest.raises(CorruptArtefact, match="signature"):
        TrustedKeys.read(other).check(folder, sha256(folder))


@pytest.mark.skipif(not shutil.which("openssl"), reason="needs the openssl command")
def test_openssl_finds_the_signature_good(folder: Path, private: Path) -> None:
    sign(folder, read_signing_key(private))

    command = "openssl pkeyutl -verify -rawin -pubin -in manifest.json -sigfile manifest.json.sig"
    public = private.with_suffix(".pub.pem")
    done = subprocess.run(
        [*command.split(), "-inkey", str(public)], cwd=folder, capture_output=True, check=False
    )

    assert done.returncode == 0, done.stderr


def test_a_file_of_other_keys_is_refused(private: Path, tmp_path: Path) -> None:
    curve = generate_private_key(SECP256R1())
    other, other_public = tmp_path / "curve.pem", tmp_path / "curve.pub.pem"
    other.write_bytes(curve.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    other_public.write_bytes(
        curve.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    )
    garbled = tmp_path / "garbled.pem"
    garbled.write_text("-----BEGIN PUBLIC KEY-----\nxx\n-----END PUBLIC KEY-----\n")

    for path in (private, other, other_public, garbled):
        with pytest.raises(InvalidConfiguration, match="trusted_keys"):
            TrustedKeys.read(path)
    for path in (other, garbled, private.with_suffix(".pub.pem")):
        with pytest.raises(InvalidConfiguration, match="signing_key"):
            read_signing_key(path)
    for read in (TrustedKeys.read, read_signing_key):
        with pytest.raises(InvalidConfiguration, match="unreadable"):
            read(tmp_path / "none.pem")
