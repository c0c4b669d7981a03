"""API keys: a JSON file of their names, scopes and hashes.

A key is 256 random bits. Its hash is a plain SHA-256: what is as random as that can be guessed
neither from the hash nor faster by it, so the slow, salted hashes that passwords need (NIST SP
800-63B, section 5.1.1.2) would cost each request time and add nothing (section 5.1.2.2 on look-up
secrets says the same of secrets of 112 bits and more).
"""

from __future__ import annotations

import fcntl
import os
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from covidxray_api.access.caller import Caller
from covidxray_api.durable import write_durably
from covidxray_api.errors import InvalidConfiguration
from covidxray_api.settings import Scope

PREFIX = "covidxray_"
"""How every key begins, so that scanners for secrets find one that was published."""

SECRET_BYTES = 32

KeyName = Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,64}$")]


class StoredKey(BaseModel):
    """What is kept of a key."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: KeyName
    scopes: tuple[Scope, ...]
    created: datetime
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class KeyFile(BaseModel):
    """The content of the file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    keys: tuple[StoredKey, ...] = ()


class Keys:
    """The API keys of a file; what others write into it is seen at the next look.

    Parameters
    ----------
    path : Path
        The JSON file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path.expanduser()
        self._seen: tuple[int, ...] = ()
        self._callers: dict[bytes, Caller] = {}

    def find(self, key: str) -> Caller | None:
        """Return whose key it is; None if nobody's.

        Raises
        ------
        InvalidConfiguration
            If the file cannot be read.
        """
        try:
            status = self._path.stat()
        except OSError as error:
            raise self._unreadable(error) from error
        seen = (status.st_ino, status.st_mtime_ns, status.st_size)
        if seen != self._seen:
            self._callers = {
                bytes.fromhex(stored.sha256): Caller(f"key:{stored.name}", frozenset(stored.scopes))
                for stored in self.stored()
            }
            self._seen = seen
        # The time of a look-up by hash tells nothing of the key: nobody chooses what it hashes to.
        return self._callers.get(_hash(key))

    def stored(self) -> tuple[StoredKey, ...]:
        """Return what is kept of each key, in the order of their making.

        Raises
        ------
        InvalidConfiguration
            If the file cannot be read.
        """
        try:
            return KeyFile.model_validate_json(self._path.read_bytes()).keys
        except (OSError, ValidationError) as error:
            raise self._unreadable(error) from error

    def create(self, name: str, scopes: Iterable[str]) -> str:
        """Make a key and return it; it cannot be read again.

        Raises
        ------
        ValidationError
            If the name is none of a key, or a scope is not known.
        InvalidConfiguration
            If there is a key of that name, or the file cannot be read or written.
        """
        key = PREFIX + secrets.token_urlsafe(SECRET_BYTES)
        made = StoredKey.model_validate(
            {
                "name": name,
                "scopes": tuple(scopes),
                "created": datetime.now(UTC).replace(microsecond=0),
                "sha256": _hash(key).hex(),
            }
        )
        with self._writing():
            stored = self.stored() if self._path.exists() else ()
            if any(other.name == name for other in stored):
                raise InvalidConfiguration("key_exists", name=name)
            self._replace((*stored, made))
        return key

    def revoke(self, name: str) -> None:
        """Let a key open nothing any more.

        Raises
        ------
        InvalidConfiguration
            If there is no key of that name, or the file cannot be read or written.
        """
        with self._writing():
            stored = self.stored()
            left = tuple(key for key in stored if key.name != name)
            if left == stored:
                known = tuple(key.name for key in stored)
                raise InvalidConfiguration("no_such_key", name=name, known=known)
            self._replace(left)

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """Keep other writers away, by a lock of the folder: the file itself is replaced."""
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            folder = os.open(self._path.parent, os.O_RDONLY)
            try:
                fcntl.flock(folder, fcntl.LOCK_EX)
                yield
            finally:
                os.close(folder)
        except OSError as error:
            raise self._unreadable(error) from error

    def _replace(self, keys: tuple[StoredKey, ...]) -> None:
        new = self._path.with_name(f"{self._path.name}.new")
        new.unlink(missing_ok=True)
        write_durably(new, (KeyFile(keys=keys).model_dump_json(indent=2) + "\n").encode())
        new.replace(self._path)

    def _unreadable(self, error: OSError | ValidationError) -> InvalidConfiguration:
        if isinstance(error, OSError):
            fault = error.strerror
            return InvalidConfiguration("keys_unreadable", path=self._path, fault=fault)
        return InvalidConfiguration("keys_invalid", path=self._path)


def _hash(key: str) -> bytes:
    return sha256(key.encode()).digest()
