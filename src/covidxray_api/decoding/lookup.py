"""Lookup tables of DICOM files, as they are stored.

pydicom's `apply_modality_lut` and `apply_voi_lut` are right for tables of 16-bit words. They are
not for 8-bit entries that are packed two in a word (PS3.3 section C.11.1.1.1 allows both), for
tables whose entries are fewer or narrower than the descriptor says (Agfa CR: 12 bits of 16), for
entries with VR SS, and for a first value whose sign the file leaves open; each occurs in archives.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset

from covidxray_api.decoding.values import little_endian, raw


@dataclass(frozen=True, slots=True)
class LookupTable:
    """A table whose ends hold beyond its range (PS3.3 sections C.11.1.1 and C.11.2.1.1)."""

    entries: NDArray[np.uint16]
    """At least one."""

    first: int
    """The value that the first entry is for, 0 to 65535: whether it is negative is left open."""

    bits: int
    """Bits of an entry, as the descriptor states."""

    @property
    def is_narrower(self) -> bool:
        """Whether the entries use less than half of the range that the descriptor states."""
        return not 1 <= self.bits <= 16 or not (
            2 ** (self.bits - 1) <= int(self.entries.max()) < 2**self.bits
        )

    def apply(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the entries for values of any sign, of the same shape."""
        index = np.rint(values).astype(np.int64) - self._first_for(values)
        return np.asarray(self.entries[np.clip(index, 0, self.entries.size - 1)], np.float64)

    def shares(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the entries for values as shares of their range, 0 to 1.

        The range is what the descriptor states, or the table's own where its entries are narrower,
        as viewers have it.
        """
        if self.is_narrower:
            low, high = int(self.entries.min()), int(self.entries.max())
            return np.asarray((self.apply(values) - low) / max(high - low, 1))
        return np.asarray(self.apply(values) / (2**self.bits - 1))

    def _first_for(self, values: NDArray[np.float64]) -> int:
        """Choose the sign of the first value by which the table covers more of the values."""
        least, most = float(values.min()), float(values.max())

        def covered(first: int) -> float:
            return min(most, first + self.entries.size - 1) - max(least, first)

        return max((self.first, self.first - 65536), key=covered)


def lookup_table(item: Dataset, descriptor: str, data: str) -> LookupTable | None:
    """Read a table; none if the file states an empty one, as some do.

    Parameters
    ----------
    item : Dataset
        What holds the table.
    descriptor, data : str
        Keywords of its attributes.
    """
    stated = _words(item, descriptor)
    _, stored = raw(item, data)
    if stated is None or stated.size < 3 or stored is None or len(stored) == 0:
        return None
    count = int(stated[0]) or 65536
    entries = _entries(item, data, count, int(stated[2]))
    if entries is None or entries.size == 0:
        return None
    return LookupTable(entries[:count], int(stated[1]), int(stated[2]))


def _entries(item: Dataset, keyword: str, count: int, bits: int) -> NDArray[np.uint16] | None:
    vr, stored = raw(item, keyword)
    if isinstance(stored, bytes):
        packed = len(stored) in {count, count + 1} and bits <= 8 and len(stored) != 2 * count
        if packed:
            swapped = not little_endian(item) and vr != "OB" and len(stored) % 2 == 0
            stored = np.frombuffer(stored, ">u2").astype("<u2").tobytes() if swapped else stored
            return np.frombuffer(stored, np.uint8).astype(np.uint16)
    words = _words(item, keyword)
    if words is not None and bits <= 8 and words.size in {count // 2, (count + 1) // 2}:
        return np.frombuffer(words.astype("<u2").tobytes(), np.uint8).astype(np.uint16)
    return words


def _words(item: Dataset, keyword: str) -> NDArray[np.uint16] | None:
    """Return the 16-bit words of an attribute, whichever VR holds them."""
    _, stored = raw(item, keyword)
    if stored is None:
        return None
    if isinstance(stored, bytes):
        order = "<u2" if little_endian(item) else ">u2"
        return np.frombuffer(stored[: len(stored) // 2 * 2], order).astype(np.uint16)
    values: Any = np.atleast_1d(np.asarray(stored))
    return (values.astype(np.int64) & 0xFFFF).astype(np.uint16) if values.size else None
