"""The secret of the records: without it, hashes of images cannot be guessed nor entries forged."""

from __future__ import annotations

import hmac
import json
import os
import secrets
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

from covidxray_api.durable import write_durably
from covidxray_api.errors import RecordsUnavailable

BYTES = 32
"""Length of the secret: that of the hash, as RFC 2104, section 3, advises."""

BEGINNING = ""
"""The chain before the first entry."""


class Secret:
    """Keyed hashes (HMAC-SHA-256, RFC 2104) for three purposes, each with a key of its own.

    Parameters
    ----------
    value : bytes
        The secret, `BYTES` long.
    """

    def __init__(self, value: bytes) -> None:
        self._image, self._content, self._chain = (
            hmac.digest(value, purpose, "sha256") for purpose in (b"image", b"content", b"chain")
        )

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read the file of a secret, which is made where there is none, for its owner alone.

        Raises
        ------
        RecordsUnavailable
            If it can be neither read nor made, or holds something else.
        """
        try:
            path = path.expanduser()
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            # Whole or not at all: another process may make it as well, and the first one counts.
            draft = path.with_name(f".{path.name}-{secrets.token_hex(8)}")
            if not path.exists():
                try:
                    write_durably(draft, f"{secrets.token_hex(BYTES)}\n".encode())
                    with suppress(FileExistsError):
                        os.link(draft, path)
                finally:
                    draft.unlink(missing_ok=True)
            value = bytes.fromhex(path.read_text(encoding="ascii"))
        except OSError as error:
            raise RecordsUnavailable("key", fault=error.strerror) from error
        except (RuntimeError, ValueError) as error:
            raise RecordsUnavailable("key", fault=str(error).rstrip(".")) from error
        if len(value) != BYTES:
            raise RecordsUnavailable("key", fault=f"it has {len(value)} bytes, not {BYTES}")
        return cls(value)

    def of_image(self, data: bytes) -> str:
        """Return the hash of a file: the same file has the same, and it tells nothing else."""
        return hmac.digest(self._image, data, "sha256").hex()

    def of_content(self, content: str) -> str:
        """Return the hash of what an entry says."""
        return hmac.digest(self._content, content.encode(), "sha256").hex()

    def link(self, before: str, number: int, digest: str) -> str:
        """Return the chain at an entry.

        Parameters
        ----------
        before : str
            The chain at the entry before, `BEGINNING` for the first.
        number : int
            Number of the entry.
        digest : str
            Hash of its content.
        """
        return hmac.digest(self._chain, f"{before} {number} {digest}".encode(), "sha256").hex()


def canonical(content: Mapping[str, Any]) -> str:
    """Return an entry as JSON that is the same for the same entry."""
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
