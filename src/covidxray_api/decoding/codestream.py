"""What a compressed frame inside a DICOM file says about its own size."""

from __future__ import annotations

import struct

_START_OF_FRAME = {*range(0xFFC0, 0xFFD0), 0xFFF7} - {0xFFC4, 0xFFC8, 0xFFCC}


def stated_shape(codestream: bytes) -> tuple[int, int, int]:
    """Read the size from the header of a JPEG, JPEG-LS or JPEG 2000 codestream.

    Sources: ITU-T T.81 section B.2.2 and T.87 section C.2.2 (frame header), T.800 section A.5.1
    (SIZ). PS3.5 section 8.2.4 forbids to wrap JPEG 2000 in boxes, and they are not read.

    Parameters
    ----------
    codestream : bytes
        One frame.

    Returns
    -------
    tuple of int
        Rows, columns and samples per pixel.

    Raises
    ------
    ValueError
        If the bytes are no such codestream.
    struct.error
        If they end before the header does.
    """
    if codestream.startswith(b"\xff\x4f\xff\x51"):
        right, bottom, left, top = struct.unpack_from(">4I", codestream, 8)
        (samples,) = struct.unpack_from(">H", codestream, 40)
        return bottom - top, right - left, samples
    if not codestream.startswith(b"\xff\xd8"):
        raise ValueError("neither JPEG nor JPEG 2000")
    place = 2
    while True:
        marker, length = struct.unpack_from(">2H", codestream, place)
        if marker in _START_OF_FRAME:
            rows, columns, samples = struct.unpack_from(">2HB", codestream, place + 5)
            return rows, columns, samples
        if marker < 0xFFC0:
            raise ValueError("no marker where one is due")
        # Any number of fill bytes FF may precede a marker (T.81 section B.1.1.2).
        place += 1 if marker == 0xFFFF else 2 + length
