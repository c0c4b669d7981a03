"""Formats that are known and not read, so that a refusal can name them."""

from __future__ import annotations

import re

_SIGNATURES = {
    "PDF": rb"%PDF-",
    "HEIC": rb".{4}ftyp(?:heic|heix|heim|hevc|mif1|msf1)",
    "AVIF": rb".{4}ftypavi[fs]",
    "JPEG XL": rb"\xff\x0a|\0{3}\x0cJXL ",
    "ZIP": rb"PK\x03\x04",
    "gzip": rb"\x1f\x8b",
    "NIfTI": rb"\x5c\x01\0\0.{340}n[i+]1",
    "NRRD": rb"NRRD000",
    "SVG": rb"\s*(?:<\?xml[^>]*>\s*)?<svg",
    "JPEG-LS": rb"\xff\xd8\xff\xf7",
}
"""How files of them begin."""


def name_of(data: bytes) -> str | None:
    """Return the name of a format that is not read; none if the bytes begin like no format."""
    head = data[:512]
    found = (n for n, signature in _SIGNATURES.items() if re.match(signature, head, re.DOTALL))
    return next(found, None)
