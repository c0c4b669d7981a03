"""Content items of structured reports as they are written: explicit VR, little endian, UTF-8.

Nearly all items of a report are those of any other report of the same model. highdicom takes long
for all of them; so it makes each once, and what is kept of it are its bytes.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Self

from pydicom import Dataset
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_dataset
from pydicom.tag import Tag

CHARACTER_SET = "ISO_IR 192"


def attributes(dataset: Dataset, *but: str) -> bytes:
    """Return a data set as it is written, without the attributes of some keywords."""
    kept, file = Dataset(), DicomBytesIO()
    kept.update(dataset)
    for keyword in but:
        del kept[keyword]
    file.is_little_endian, file.is_implicit_VR = True, False
    write_dataset(file, kept, CHARACTER_SET)
    written: bytes = file.getvalue()
    return written


def element(keyword: str, vr: str, value: bytes) -> bytes:
    """Return an attribute with a short length (PS3.5, section 7.1.2)."""
    padding = b"" if len(value) % 2 == 0 else b"\x00" if vr == "UI" else b" "
    length = (len(value) + len(padding)).to_bytes(2, "little")
    return _tag(keyword) + vr.encode() + length + value + padding


def sequence(keyword: str, items: Iterable[bytes]) -> bytes:
    """Return a sequence of explicit length (PS3.5, section 7.5)."""
    value = b"".join(items)
    return _tag(keyword) + b"SQ\x00\x00" + _length(value) + value


def item(content: bytes) -> bytes:
    """Return attributes as an item of a sequence."""
    return b"\xfe\xff\x00\xe0" + _length(content) + content


@dataclass(frozen=True, slots=True)
class Container:
    """A content item with others in it, some of which differ from report to report."""

    head: bytes
    """Its attributes, without those that are in it."""

    items: tuple[tuple[str, bytes], ...]
    """What is in it: the code of the concept name, and the item as it is written."""

    @classmethod
    def of(cls, container: Dataset) -> Self:
        """Take a container apart; no attribute may follow its Content Sequence."""
        return cls(
            attributes(container, "ContentSequence"), tuple(by_name(container.ContentSequence))
        )

    def content(self, given: Mapping[str, bytes], further: Iterable[bytes] = ()) -> list[bytes]:
        """Return the items that are in it.

        Parameters
        ----------
        given : mapping of str to bytes
            Items that take the place of those of the same concept name, by its code.
        further : iterable of bytes
            Items that follow.
        """
        return [*(given.get(name, inside) for name, inside in self.items), *further]

    def filled(self, given: Mapping[str, bytes], further: Iterable[bytes] = ()) -> bytes:
        """Return it as an item; see `content`."""
        return item(self.head + sequence("ContentSequence", self.content(given, further)))


def by_name(items: Iterable[Dataset]) -> Iterable[tuple[str, bytes]]:
    """Yield items as they are written, each after the code of its concept name."""
    for each in items:
        yield str(each.ConceptNameCodeSequence[0].CodeValue), item(attributes(each))


@cache
def _tag(keyword: str) -> bytes:
    tag = Tag(keyword)
    return struct.pack("<HH", tag.group, tag.element)


def _length(content: bytes) -> bytes:
    return len(content).to_bytes(4, "little")
