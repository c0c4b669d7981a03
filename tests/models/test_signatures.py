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
from covidxray_api.models.signatures import TrustedKeys, read_signing_key, sign, unsigned


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A published version without files."""
    made = tmp_path / "net" / "1"
    made.mkdir(parents=True)
    (made / "manifest.json").write_text('{"name": "net", "version": "1"}')
    (made / "evidence.json").write_text('{"auc": 0.9}')
    (made / "MODEL_CARD.md").write_text("# net 1")
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
    assert unsigned(folder) == []
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

    with pytest.raises(CorruptArtefact, match="not_as_signed"):
        trusted.check(folder, sha256(folder))
    # Nor is one that was another when it was read.
    (folder / "manifest.json").write_text('{"name": "net", "version": "1"}')
    trusted.check(folder, read)
    with pytest.raises(CorruptArtefact, match="not_as_signed"):
        trusted.check(folder, "0" * 64)


@pytest.mark.parametrize("name", ["evidence.json", "MODEL_CARD.md"])
def test_evidence_and_card_are_signed_too(
    folder: Path, private: Path, trusted: TrustedKeys, name: str
) -> None:
    key, path = read_signing_key(private), folder / name
    sign(folder, key)
    path.write_text('{"auc": 1.0}')
    with pytest.raises(CorruptArtefact, match="not_as_signed"):
        trusted.check(folder, sha256(folder))
    path.unlink()
    with pytest.raises(CorruptArtefact, match="not_as_signed"):
        trusted.check(folder, sha256(folder))

    sign(folder, key)
    trusted.check(folder, sha256(folder))
    # Nor may there be one that was not there when it was signed.
    path.write_text("{}")
    with pytest.raises(CorruptArtefact, match="not_as_signed"):
        trusted.check(folder, sha256(folder))


def test_what_is_signed_of_another_version_is_not_trusted(
    folder: Path, private: Path, trusted: TrustedKeys
) -> None:
    other = shutil.copytree(folder, folder.with_name("2"))
    (other / "manifest.json").write_text('{"name": "net", "version": "2"}')
    for made in (folder, other):
        sign(made, read_signing_key(private))
    for name in ("SHA256SUMS", "SHA256SUMS.sig"):
        shutil.copy(other / name, folder / name)

    with pytest.raises(CorruptArtefact, match="not_as_signed"):
        trusted.check(folder, sha256(folder))


def test_a_signature_of_before_is_of_the_manifest_alone(
    folder: Path, private: Path, trusted: TrustedKeys
) -> None:
    key = read_signing_key(private)
    signature = folder / "manifest.json.sig"
    signature.write_bytes(key.sign((folder / "manifest.json").read_bytes()))

    trusted.check(folder, sha256(folder))
    assert unsigned(folder) == ["MODEL_CARD.md", "evidence.json"]
    sign(folder, key)
    assert unsigned(folder) == []
    assert not signature.exists()


def test_a_folder_within_is_named(folder: Path, private: Path) -> None:
    (folder / "notes").mkdir()
    sign(folder, read_signing_key(private))

    assert unsigned(folder) == ["notes"]


@pytest.mark.parametrize("name", ["manifest.json", "SHA256SUMS"])
@pytest.mark.parametrize("signature", [b"", b"x", bytes(64), bytes(65)])
def test_a_signature_that_is_none(
    folder: Path, trusted: TrustedKeys, name: str, signature: bytes
) -> None:
    (folder / name).write_bytes(b"")
    (folder / f"{name}.sig").write_bytes(signature)

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
@pytest.mark.skipif(not shutil.which("sha256sum"), reason="needs the sha256sum command")
def test_sha256sum_and_openssl_find_it_good(folder: Path, private: Path) -> None:
    sign(folder, read_signing_key(private))

    commands = (
        "sha256sum --check --strict SHA256SUMS",
        "openssl pkeyutl -verify -rawin -pubin -in SHA256SUMS -sigfile SHA256SUMS.sig"
        f" -inkey {private.with_suffix('.pub.pem')}",
    )
    for command in commands:
        done = subprocess.run(command.split(), cwd=folder, capture_output=True, check=False)
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
