"""Fragments of compressed pixel data (PS3.5 section A.4)."""

from __future__ import annotations

import struct

from covidxray_api.decoding.codestream import starts_frame

ITEM = b"\xfe\xff\x00\xe0"
"""Begins a fragment."""

DELIMITER = b"\xfe\xff\xdd\xe0\0\0\0\0"
"""Ends the fragments; some writers leave it out."""


def first_frame(data: bytes, frames: int) -> bytes:
    """Return the codestream of the first frame.

    Where frames begin is taken from the fragments themselves and not from an offset table, which
    is wrong in many files. A last fragment that states more than there is ends with the data.

    Parameters
    ----------
    data : bytes
        Pixel data, from the offset table on.
    frames : int
        How many frames the file states to hold.

    Raises
    ------
    ValueError
        If there is no fragment.
    """
    fragments = _fragments(data)[1:]
    if not any(fragments):
        raise ValueError("no fragment")
    if len(fragments) == frames:
        return fragments[0]
    if frames == 1 and not starts_frame(fragments[0]):
        return b"".join(fragments)
    following = (n for n, part in enumerate(fragments[1:], 1) if starts_frame(part))
    return b"".join(fragments[: next(following, len(fragments))])


def _fragments(data: bytes) -> list[bytes]:
    found, place = [], 0
    while data[place : place + 4] == ITEM:
        (length,) = struct.unpack_from("<I", data, place + 4)
        found.append(data[place + 8 : place + 8 + length])
        place += 8 + length
    return found
