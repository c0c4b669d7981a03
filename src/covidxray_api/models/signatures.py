"""Signatures of stored artefacts: Ed25519 (RFC 8032) over `SHA256SUMS`, in a file beside it.

That file has the SHA-256 of the manifest, of the evidence and of the model card; the manifest has
that of each other file, so that the signature stands for all of them. Releases before signed the
manifest itself (`manifest.json.sig`), which says nothing of evidence and card.

The forms are those of coreutils and OpenSSL: ``sha256sum --check SHA256SUMS``, and
``openssl pkeyutl -verify -rawin -in SHA256SUMS -sigfile SHA256SUMS.sig``.
"""

from __future__ import annotations

import re
from hashlib import sha256 as hash_of
from pathlib import Path

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

from covidxray_api.errors import CorruptArtefact, InvalidConfiguration
from covidxray_api.models.artefacts import (
    CARD,
    EVIDENCE,
    MANIFEST,
    MANIFEST_SIGNATURE,
    SUMS,
    SUMS_SIGNATURE,
    hashed,
    sha256_of,
    write_bytes,
)

_PUBLIC = re.compile(rb"-----BEGIN PUBLIC KEY-----.+?-----END PUBLIC KEY-----", re.DOTALL)


def read_signing_key(path: Path) -> Ed25519PrivateKey:
    """Read a private key, as PEM without a password.

    Raises
    ------
    InvalidConfiguration
        If the file cannot be read, or holds another kind of key or none.
    """
    try:
        key = load_pem_private_key(_read(path), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise InvalidConfiguration("signing_key", path=path) from error
    if not isinstance(key, Ed25519PrivateKey):
        raise InvalidConfiguration("signing_key", path=path)
    return key


def sign(folder: Path, key: Ed25519PrivateKey) -> None:
    """Write the hashes of a published folder and their signature; those of before are replaced.

    Raises
    ------
    CorruptArtefact
        If a file cannot be read or written.
    """
    try:
        hashes = hashed(folder, MANIFEST, *_beside(folder))
        sums = "".join(f"{sha256}  {name}\n" for name, sha256 in hashes.items()).encode()
        write_bytes(folder / SUMS, sums)
        write_bytes(folder / SUMS_SIGNATURE, key.sign(sums))
        (folder / MANIFEST_SIGNATURE).unlink(missing_ok=True)
    except OSError as error:
        raise CorruptArtefact("not_signed", path=folder, fault=str(error)) from error


def unsigned(folder: Path) -> list[str]:
    """Return the names in a folder that its signature does not stand for, if it has one.

    They are evidence and card where a release before has signed, and folders within.
    """
    names = {path.name for path in folder.iterdir() if path.is_dir()}
    return sorted(names if (folder / SUMS).is_file() else names.union(_beside(folder)))


def _beside(folder: Path) -> list[str]:
    return [name for name in (EVIDENCE, CARD) if (folder / name).is_file()]


class TrustedKeys:
    """The public keys whose signatures are trusted.

    Parameters
    ----------
    keys : list of Ed25519PublicKey
        At least one.
    """

    def __init__(self, keys: list[Ed25519PublicKey]) -> None:
        self._keys = keys

    @classmethod
    def read(cls, path: Path) -> TrustedKeys:
        """Read the public keys of a file: PEM, one after another.

        Raises
        ------
        InvalidConfiguration
            If the file cannot be read, holds no key, or one that is not of Ed25519.
        """
        keys = []
        for text in _PUBLIC.findall(_read(path)):
            try:
                key = load_pem_public_key(text)
            except (ValueError, UnsupportedAlgorithm) as error:
                raise InvalidConfiguration("trusted_keys", path=path) from error
            if not isinstance(key, Ed25519PublicKey):
                raise InvalidConfiguration("trusted_keys", path=path)
            keys.append(key)
        if not keys:
            raise InvalidConfiguration("trusted_keys", path=path)
        return cls(keys)

    def check(self, folder: Path, sha256: str) -> None:
        """Check that a published folder is signed, and that it is what was signed.

        Parameters
        ----------
        folder : Path
            The folder.
        sha256 : str
            Of the manifest as it was read, which must be the one that is signed.

        Raises
        ------
        CorruptArtefact
            If there is no signature, it is not by a trusted key, or what is there is not what was
            signed.
        """
        signed, signature = SUMS, SUMS_SIGNATURE
        if not (folder / SUMS).exists():
            signed, signature = MANIFEST, MANIFEST_SIGNATURE
        content = self._signed(folder, signed, signature)
        if signed == MANIFEST:
            hashes = {MANIFEST: hash_of(content).hexdigest()}
        else:
            lines = content.decode().splitlines()
            hashes = {name: value for value, name in (line.split("  ", 1) for line in lines)}
            for name in {*hashes, *_beside(folder)} - {MANIFEST}:
                path = folder / name
                if not path.is_file() or sha256_of(path) != hashes.get(name):
                    raise CorruptArtefact("not_as_signed", path=path)
        if hashes.get(MANIFEST) != sha256:
            raise CorruptArtefact("not_as_signed", path=folder / MANIFEST)

    def _signed(self, folder: Path, name: str, signature: str) -> bytes:
        """Return the content of a file that a trusted key has signed."""
        try:
            content = (folder / name).read_bytes()
            by = (folder / signature).read_bytes()
        except OSError as error:
            raise CorruptArtefact("unsigned", path=folder) from error
        if not any(_is_by(key, by, content) for key in self._keys):
            raise CorruptArtefact("signature", path=folder / name)
        return content


def _is_by(key: Ed25519PublicKey, signature: bytes, content: bytes) -> bool:
    try:
        key.verify(signature, content)
    except InvalidSignature:
        return False
    return True


def _read(path: Path) -> bytes:
    try:
        return path.expanduser().read_bytes()
    except OSError as error:
        fault = error.strerror or str(error)
        raise InvalidConfiguration("unreadable", path=path, fault=fault) from error
