"""Forms in any pieces, and damaged anywhere."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from covidxray_api.api.form import Part, parts
from covidxray_api.errors import InvalidRequest

TYPE = 'multipart/form-data; boundary="x1"'
FORM = (
    b"preamble --x1 not yet\r\n--x1\r\n"
    b'Content-Disposition: form-data; name="model"\r\n\r\nseed-cnn\r\n--x1\r\n'
    b'Content-Disposition: form-data; name="file"; filename="film.png"\r\n'
    b"Content-Type: image/png\r\n\r\n\x89PNG\r\n--x\r\n--\r\n\x00--x1\r\n--x1--\r\nepilogue"
)
FILE = b"\x89PNG\r\n--x\r\n--\r\n\x00--x1"


def read(chunks: list[bytes], content_type: str = TYPE, most: int = 10) -> list[Part]:
    async def body() -> AsyncIterator[bytes]:
        for chunk in chunks:
            yield chunk

    async def all_parts() -> list[Part]:
        return [part async for part in parts(content_type, body(), most)]

    return asyncio.run(all_parts())


def told(found: list[Part]) -> list[tuple[str, str | None, bytes]]:
    return [(part.name, part.filename, part.decoded()) for part in found]


@given(st.lists(st.integers(1, len(FORM)), max_size=8))
def test_where_a_form_is_divided_does_not_matter(places: list[int]) -> None:
    cuts = [0, *sorted(set(places)), len(FORM)]

    found = read([FORM[start:end] for start, end in pairwise(cuts)])

    assert told(found) == [("model", None, b"seed-cnn"), ("file", "film.png", FILE)]


def test_it_may_come_byte_by_byte() -> None:
    assert told(read([FORM[n : n + 1] for n in range(len(FORM))])) == told(read([FORM]))


@given(st.data())
def test_damage_ends_in_parts_or_in_a_refusal(data: st.DataObject) -> None:
    damaged = bytearray(FORM)
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(damaged) - 1))
        match data.draw(st.integers(0, 2)):
            case 0:
                damaged[place] = data.draw(st.integers(0, 255))
            case 1:
                del damaged[place : place + data.draw(st.integers(1, 40))]
            case 2:
                damaged[place:place] = data.draw(st.binary(max_size=20))
        if not damaged:
            break
    try:
        size = sum(len(part.data) for part in read([bytes(damaged)]))
    except InvalidRequest:
        size = 0
    assert size <= len(damaged)


@pytest.mark.parametrize("content_type", ["multipart/form-data", "multipart/form-data; boundary="])
def test_a_form_needs_a_boundary(content_type: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        read([FORM], content_type)

    assert refused.value.reason == "no_boundary"


def test_parts_are_counted() -> None:
    with pytest.raises(InvalidRequest) as refused:
        read([FORM], most=1)

    assert refused.value.reason == "many_parts"
