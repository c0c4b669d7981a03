"""What a compressed frame inside a DICOM file says about itself."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Literal

Kind = Literal["jpeg", "jpeg_lossless", "jpeg_ls", "jpeg_2000"]

_KINDS: dict[int, Kind] = {
    0xFFC0: "jpeg",  # baseline
    0xFFC1: "jpeg",  # extended, 8 or 12 bits
    0xFFC2: "jpeg",  # progressive
    0xFFC3: "jpeg_lossless",
    0xFFC9: "jpeg",  # arithmetic
    0xFFCA: "jpeg",  # arithmetic, progressive
    0xFFF7: "jpeg_ls",
}
"""Start of frame markers (ITU-T T.81 table B.1, T.87 table C.1)."""

_UNREAD = {0xFFC5, 0xFFC6, 0xFFC7, 0xFFCB, 0xFFCD, 0xFFCE, 0xFFCF}
"""Hierarchical JPEG, and lossless JPEG with arithmetic coding: no library here reads them."""

JPEG, JPEG_2000, BOXES = b"\xff\xd8\xff", b"\xff\x4f\xff\x51", b"\0\0\0\x0cjP  \r\n\x87\n"
"""How codestreams begin; boxes hold one of JPEG 2000 (T.800 annex I)."""


class UnreadProcess(Exception):
    """A codestream uses a process of JPEG that nothing here reads."""


@dataclass(frozen=True, slots=True)
class Codestream:
    """The header of a frame."""

    kind: Kind
    rows: int
    columns: int
    samples: int
    bits: int
    """Bits of a sample."""
    signed: bool = False
    red_green_blue: bool | None = None
    """Whether colour is RGB (and not YCbCr) once it is decoded; None where nothing tells."""

    @property
    def shape(self) -> tuple[int, int, int]:
        """Rows, columns and samples per pixel."""
        return self.rows, self.columns, self.samples


def starts_frame(data: bytes) -> bool:
    """Return whether bytes begin like a codestream, or like boxes around one."""
    return data.startswith((JPEG, JPEG_2000, BOXES))


def described(data: bytes) -> Codestream:
    """Read the header of a JPEG, JPEG-LS or JPEG 2000 codestream, the latter in boxes or not.

    Sources: ITU-T T.81 section B.2.2 and T.87 section C.2.2 (frame header), T.800 sections A.5.1
    (SIZ), A.6.1 (COD) and I.4 (boxes, which PS3.5 section 8.2.4 forbids and some writers use).

    Raises
    ------
    UnreadProcess
        If it is JPEG of a process that nothing here reads.
    ValueError
        If the bytes are no such codestream.
    struct.error
        If they end before the header does.
    """
    if data.startswith(BOXES):
        start = data.find(JPEG_2000)
        data = data[start:] if start > 0 else data
    if data.startswith(JPEG_2000):
        return _jpeg_2000(data)
    if not data.startswith(JPEG):
        raise ValueError("neither JPEG nor JPEG 2000")
    return _jpeg(data)


def _jpeg_2000(data: bytes) -> Codestream:
    right, bottom, left, top = struct.unpack_from(">4I", data, 8)
    samples, depth = struct.unpack_from(">HB", data, 40)
    cod = data.find(b"\xff\x52", 41 + 3 * samples, 4096)
    transformed = cod > 0 and struct.unpack_from(">B", data, cod + 8)[0] == 1
    return Codestream(
        "jpeg_2000",
        bottom - top,
        right - left,
        samples,
        (depth & 0x7F) + 1,
        bool(depth & 0x80),
        True if transformed else None,
    )


def _jpeg(data: bytes) -> Codestream:
    place, jfif, adobe = 2, False, None
    while True:
        marker, length = struct.unpack_from(">2H", data, place)
        if marker in _UNREAD:
            raise UnreadProcess(f"{marker:04X}")
        if marker == 0xFFE0:
            jfif |= data[place + 4 : place + 8] == b"JFIF"
        elif marker == 0xFFEE and data[place + 4 : place + 9] == b"Adobe":
            adobe = struct.unpack_from(">B", data, place + 15)[0]
        elif kind := _KINDS.get(marker):
            bits, rows, columns, samples = struct.unpack_from(">B2HB", data, place + 4)
            names = data[place + 10 : place + 10 + 3 * samples : 3]
            colour = _red_green_blue(jfif, adobe, names)
            return Codestream(kind, rows, columns, samples, bits, red_green_blue=colour)
        elif marker < 0xFFC0:
            raise ValueError("no marker where one is due")
        # Any number of fill bytes FF may precede a marker (T.81 section B.1.1.2).
        place += 1 if marker == 0xFFFF else 2 + length


def _red_green_blue(jfif: bool, adobe: int | None, names: bytes) -> bool | None:
    """Tell the colour space of JPEG as libjpeg does (jdapimin.c, default_decompress_parms)."""
    if jfif:
        return False
    if adobe is not None:
        return adobe == 0
    return True if names == b"RGB" else None
