"""Signatures of stored artefacts: Ed25519 (RFC 8032) over the manifest, in a file beside it.

The manifest lists the SHA-256 of each file, so that its signature stands for all of them; not for
evidence and model card, which are no part of the artefact. Keys and signatures are in the forms of
OpenSSL: ``openssl pkeyutl -verify -rawin -in manifest.json -sigfile manifest.json.sig``.
"""

from __future__ import annotations

import re
from hashlib import sha256 as hash_of
from pathlib import Path

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

from covidxray_api.errors import CorruptArtefact, InvalidConfiguration
from covidxray_api.models.artefacts import MANIFEST, SIGNATURE, write_bytes

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
    """Write the signature of a manifest beside it; one that is there is replaced.

    Raises
    ------
    CorruptArtefact
        If the manifest cannot be read or the signature cannot be written.
    """
    try:
        write_bytes(folder / SIGNATURE, key.sign((folder / MANIFEST).read_bytes()))
    except OSError as error:
        raise CorruptArtefact("not_signed", path=folder, fault=str(error)) from error


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
        """Check that the manifest of a published folder is signed.

        Parameters
        ----------
        folder : Path
            The folder.
        sha256 : str
            Of the manifest as it was read, which must be the one that is signed.

        Raises
        ------
        CorruptArtefact
            If there is no signature, or it is not that of this manifest by a trusted key.
        """
        try:
            content = (folder / MANIFEST).read_bytes()
            signature = (folder / SIGNATURE).read_bytes()
        except OSError as error:
            raise CorruptArtefact("unsigned", path=folder) from error
        same = hash_of(content).hexdigest() == sha256
        if not (same and any(_is_by(key, signature, content) for key in self._keys)):
            raise CorruptArtefact("signature", path=folder)


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
