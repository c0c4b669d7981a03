"""Archives are read member by member, whatever is wrong with them."""

from __future__ import annotations

import io
import tarfile
import zipfile
from collections.abc import Callable, Mapping

import numpy as np
import pytest

from covidxray_api.archives import Allowance, Contents, is_archive, members, printable
from covidxray_api.errors import BodyTooLarge, CovidXrayError, UnreadableImage, UnsupportedFormat

LIMIT = 100
FILMS = {"b.png": b"2", "study/a.dcm": b"1"}
Pack = Callable[[Mapping[str, bytes]], bytes]


def zipped(films: Mapping[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", method) as archive:
        archive.mkdir("study")
        for name, data in films.items():
            archive.writestr(name, data)
    return packed.getvalue()


def tarred(films: Mapping[str, bytes], packing: str = "") -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode=f"w:{packing}") as archive:  # type: ignore[call-overload]
        for kind in (tarfile.DIRTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE):
            entry = tarfile.TarInfo("study")
            entry.type, entry.linkname = kind, "b.png"
            archive.addfile(entry)
        for name, data in films.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return packed.getvalue()


def held(data: bytes, most: float = 100_000) -> dict[str, Contents]:
    found = list(members(io.BytesIO(data), LIMIT, Allowance(most)))
    assert len({name for name, _ in found}) == len(found)
    return dict(found)


@pytest.mark.parametrize(
    "pack",
    [
        zipped,
        lambda films: zipped(films, zipfile.ZIP_STORED),
        tarred,
        *(lambda films, packing=packing: tarred(films, packing) for packing in ("gz", "bz2", "xz")),
    ],
)
def test_the_members_in_their_order(pack: Pack) -> None:
    found = held(pack(FILMS | {"large.png": b"3" * (LIMIT + 1), "c.png": b"4"}))

    assert isinstance(found.pop("large.png"), BodyTooLarge)
    assert list(found.items()) == [*FILMS.items(), ("c.png", b"4")]


@pytest.mark.parametrize("pack", [zipped, tarred])
def test_what_no_radiograph_can_be_is_left_out(pack: Pack) -> None:
    others = dict.fromkeys((".DS_Store", "__MACOSX/._b.png", "DICOMDIR", ".a/b", "../.c"), b"")

    assert held(pack(others | FILMS | {"./d": b"", "../e": b""})).keys() == {*FILMS, "./d", "../e"}


@pytest.mark.parametrize("pack", [zipped, tarred])
def test_only_what_is_wanted(pack: Pack) -> None:
    found = members(io.BytesIO(pack(FILMS)), LIMIT, Allowance(), lambda name: name == "b.png")

    assert list(found) == [("b.png", b"2")]


def test_archives_are_known_by_their_content() -> None:
    for archive in (zipped(FILMS), zipped({}), tarred(FILMS), tarred(FILMS, "gz")):
        assert is_archive(archive)
    for data in (b"", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe0", bytes(128) + b"DICM", b"PK"):
        assert not is_archive(data)


@pytest.mark.parametrize("pack", [tarred, lambda films: tarred(films, "gz")])
def test_a_damaged_archive_costs_none_of_the_members_before_the_damage(pack: Pack) -> None:
    data = pack({str(n): np.random.default_rng(n).bytes(LIMIT) for n in range(40)})

    found = held(data[: len(data) * 3 // 4])

    assert isinstance(found.pop(""), UnreadableImage)
    assert len(found) > 10
    assert all(isinstance(contents, bytes) for contents in found.values())


@pytest.mark.parametrize("data", [b"The patient is well.", b"PK\x03\x04", b"\x1f\x8b", b"BZh"])
def test_what_is_no_archive_is_told(data: bytes) -> None:
    (found,) = held(data).values()

    assert isinstance(found, UnreadableImage)


def test_a_damaged_member_costs_no_other_its_bytes() -> None:
    data = bytearray(zipped({"a": b"1" * 99, "b": b"2"}, zipfile.ZIP_STORED))
    data[data.index(b"11")] = 0

    found = held(bytes(data))

    assert isinstance(found["a"], UnreadableImage)
    assert found["b"] == b"2"


def test_members_that_are_encrypted_or_packed_otherwise_are_told() -> None:
    data = bytearray(zipped({"a": b"1"}))
    for signature, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.rindex(signature) + flags] |= 1

    assert isinstance(held(bytes(data))["a"], UnsupportedFormat)
    assert isinstance(held(zipped({"a": b"1"}, zipfile.ZIP_LZMA))["a"], UnsupportedFormat)


class TestBombs:
    def test_members_that_are_too_large_count_as_well(self) -> None:
        data = zipped({str(n): bytes(10**6) for n in range(200)})

        with pytest.raises(BodyTooLarge, match="unpacked"):
            held(data, most=199 * (LIMIT + 1))
        assert len(held(data, most=200 * (LIMIT + 1))) == 200

    def test_what_stands_between_members_counts(self) -> None:
        data = tarred({"a": bytes(10**7), "b": b""}, "gz")

        with pytest.raises(BodyTooLarge, match="unpacked"):
            held(data, most=10**6)

    def test_a_name_has_its_bounds(self) -> None:
        found = held(tarred({"a": b"", "b" * 2**21: b""}), most=2**30)

        assert found.keys() == {"a", ""}
        assert isinstance(found[""], UnreadableImage)

    def test_a_file_with_holes_is_not_filled(self) -> None:
        entry = tarfile.TarInfo("holes")
        entry.pax_headers = {
            "GNU.sparse.major": "1",
            "GNU.sparse.minor": "0",
            "GNU.sparse.realsize": str(2**60),
        }
        entry.size = 512
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w") as archive:
            archive.addfile(entry, io.BytesIO(b"1\n0\n0\n".ljust(512, b"\0")))

        (found,) = held(packed.getvalue()).values()

        assert isinstance(found, UnreadableImage)


@pytest.mark.parametrize("pack", [zipped, tarred, lambda films: tarred(films, "gz")])
def test_whatever_is_damaged_is_told(pack: Pack) -> None:
    whole = pack({f"{n}é.png": bytes([n]) * 90 for n in range(4)})
    for seed in range(200):
        chance = np.random.default_rng(seed)
        data = bytearray(whole)
        for _ in range(chance.integers(1, 5)):
            place = chance.integers(len(data))
            data[place : place + chance.integers(9)] = chance.bytes(int(chance.integers(9)))
        found = members(io.BytesIO(data), LIMIT, Allowance(100_000))
        assert all(isinstance(contents, bytes | CovidXrayError) for _, contents in found)


def test_a_name_of_any_bytes_can_be_shown() -> None:
    ((name, _),) = held(tarred({"caf\udce9.png": b""})).items()

    assert printable(name) == "caf\\xe9.png"
