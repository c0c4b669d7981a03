"""Files as archives hold them: what is odd about each stands in its test's name."""

import io
import struct
from typing import Any

import imagecodecs
import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.uid import (
    HTJ2KLossless,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
)
from tests.dicom_files import dicom, ramp

from covidxray_api.consistency.quality import is_lateral
from covidxray_api.decoding import Limits, decode
from covidxray_api.errors import UnreadableImage, UnsupportedFormat

LIMITS = Limits(max_pixels=1_100_000, min_side=32)
WINDOW: dict[str, Any] = {"WindowCenter": 2048, "WindowWidth": 4096}
PLAIN = decode(dicom(ramp(), BitsStored=12, **WINDOW), LIMITS).pixels
TWELVE = ramp()


def lut(entries: np.ndarray, bits: int = 16, first: int = 0, **facts: Any) -> Dataset:
    table = Dataset()
    table.LUTDescriptor = [entries.size % 65536, first, bits]
    table.LUTData = entries.astype("<u2").tobytes()
    for keyword, value in facts.items():
        setattr(table, keyword, value)
    return table


def with_text(data: bytes, keyword: str, vr: str, value: bytes) -> bytes:
    """Write a value that pydicom would refuse to write, in place of one of that length."""
    tag = pydicom.tag.Tag(keyword)
    head = struct.pack("<2H", tag.group, tag.element) + vr.encode()
    place = data.index(head)
    (length,) = struct.unpack_from("<H", data, place + 6)
    value += b" " * (len(value) % 2)
    return data[: place + 6] + struct.pack("<H", len(value)) + value + data[place + 8 + length :]


def test_a_voi_table_narrower_than_its_descriptor_is_scaled_by_its_own_range() -> None:
    film = decode(dicom(ramp(), BitsStored=12, VOILUTSequence=[lut(np.arange(4096))]), LIMITS)
    assert np.abs(film.pixels.astype(int) - PLAIN).max() <= 1
    assert film.warnings == ("voi_lut_narrower",)


@pytest.mark.parametrize("vr", ["OB", "OW"])
@pytest.mark.parametrize("count", [4095, 4096])
@pytest.mark.parametrize("syntax", ["little", "big"])
@pytest.mark.parametrize("sequence", ["VOILUTSequence", "ModalityLUTSequence"])
def test_entries_packed_in_bytes(vr: str, count: int, syntax: str, sequence: str) -> None:
    packed = (np.arange(4096) >> 4).astype(np.uint8)[:count].tobytes()
    packed += b"\0" * (count % 2)
    if syntax == "big" and vr == "OW":
        packed = np.frombuffer(packed, "<u2").astype(">u2").tobytes()
    table = Dataset()
    table.LUTDescriptor = [count % 65536, 0, 8]
    table.add_new("LUTData", vr, packed)
    facts: dict[str, Any] = {"WindowCenter": 128, "WindowWidth": 256}
    if sequence == "VOILUTSequence":
        facts = {}
    data = dicom(ramp(), BitsStored=12, **facts | {sequence: [table]})
    if syntax == "big":
        data = big_endian(data)
    assert np.abs(decode(data, LIMITS).pixels.astype(int) - PLAIN).max() <= 2


def big_endian(data: bytes) -> bytes:
    dataset = pydicom.dcmread(io.BytesIO(data))
    pixels = np.frombuffer(dataset.PixelData, "<u2").astype(">u2").tobytes()
    dataset.file_meta.TransferSyntaxUID = pydicom.uid.ExplicitVRBigEndian
    dataset.PixelData = pixels
    plain = Dataset(dataset)
    plain.file_meta = dataset.file_meta
    file = io.BytesIO()
    pydicom.dcmwrite(file, plain, implicit_vr=False, little_endian=False, enforce_file_format=True)
    return file.getvalue()


@pytest.mark.parametrize("sequence", ["VOILUTSequence", "ModalityLUTSequence"])
def test_tables_of_a_big_endian_file(sequence: str) -> None:
    table = Dataset()
    table.LUTDescriptor = [4096, 0, 16]
    table.add_new("LUTData", "US", (65535 - 16 * np.arange(4096)).tolist())
    facts: dict[str, Any] = {"WindowCenter": 32768, "WindowWidth": 65536}
    data = big_endian(dicom(ramp(), BitsStored=12, **facts | {sequence: [table]}))
    assert np.abs(255 - decode(data, LIMITS).pixels.astype(int) - PLAIN).max() <= 1


def test_entries_with_a_sign_are_taken_by_their_bits() -> None:
    table = Dataset()
    table.LUTDescriptor = [4096, 0, 16]
    words = (16 * np.arange(4096)).astype("<u2")
    table.add_new("LUTData", "SS", words.view("<i2").tolist())
    film = decode(dicom(ramp(), BitsStored=12, VOILUTSequence=[table]), LIMITS)
    assert np.abs(film.pixels.astype(int) - PLAIN).max() <= 1


@pytest.mark.parametrize("slope", [{}, {"RescaleSlope": ""}])
def test_an_intercept_without_slope_is_applied(slope: dict[str, str]) -> None:
    facts: dict[str, Any] = {
        "RescaleIntercept": -1000,
        "WindowCenter": 1048,
        "WindowWidth": 4096,
        **slope,
    }
    facts["WindowCenter"] = 1048
    film = decode(dicom(ramp(), BitsStored=12, **facts), LIMITS)
    assert (film.pixels == PLAIN).all()
    assert film.warnings == ("rescale_assumed",)


def padded(value: int) -> np.ndarray:
    pixels = ramp("int16")
    pixels[:, :10] = value
    return pixels


def test_padding_of_another_sign_is_known_by_its_bits() -> None:
    data = dicom(padded(-2000), PixelPaddingValue=-2000)
    odd = with_text(data, "PixelPaddingValue", "SS", struct.pack("<H", 63536))
    odd = odd.replace(b"\x28\0\x20\x01SS", b"\x28\0\x20\x01US")
    film, right = decode(odd, LIMITS), decode(data, LIMITS)
    assert (film.pixels == right.pixels).all()
    assert film.pixels[0, :10].max() == 0
    assert film.pixels[0, 10:].max() == 255
    assert "padding_value_reread" in film.warnings


@pytest.mark.parametrize("limit", [b"", struct.pack("<2h", -2000, -1990)])
def test_an_odd_range_limit_of_padding_is_no_fault(limit: bytes) -> None:
    data = dicom(padded(-2000), PixelPaddingValue=-2000, PixelPaddingRangeLimit=-2000)
    film = decode(with_text(data, "PixelPaddingRangeLimit", "SS", limit), LIMITS)
    assert film.pixels[0, :10].max() == 0
    assert film.pixels[0, 10:].max() == 255


@pytest.mark.parametrize("value", [-20000, 30000])
def test_padding_that_is_not_declared_is_black(value: int) -> None:
    film = decode(dicom(padded(value)), LIMITS)
    assert film.pixels[0, :10].max() == 0
    assert (film.pixels[0, 10] < 50, film.pixels[0, -1]) == (True, 255)
    assert "padding_assumed" in film.warnings


def test_a_hot_pixel_does_not_darken_the_image() -> None:
    pixels = ramp()
    pixels[20, 20] = 65535
    film = decode(dicom(pixels), LIMITS)
    plain = decode(dicom(ramp()), LIMITS)
    different = film.pixels != plain.pixels
    assert np.argwhere(different).tolist() == [[20, 20]]
    assert film.warnings == ("no_voi_window", "range_clipped")


@pytest.mark.parametrize(
    "facts",
    [
        {
            "ShutterShape": "RECTANGULAR",
            "ShutterLeftVerticalEdge": 11,
            "ShutterRightVerticalEdge": 54,
            "ShutterUpperHorizontalEdge": 1,
            "ShutterLowerHorizontalEdge": 48,
        },
        {
            "ShutterShape": "POLYGONAL",
            "VerticesOfThePolygonalShutter": [1, 11, 1, 54, 48, 54, 48, 11],
        },
        {
            "ShutterShape": "CIRCULAR",
            "CenterOfCircularShutter": [24, 32],
            "RadiusOfCircularShutter": 10,
        },
    ],
)
def test_what_a_shutter_hides_is_black(facts: dict[str, Any]) -> None:
    pixels = ramp()
    pixels[:, 60:] = 4095
    film = decode(dicom(pixels, BitsStored=12, **WINDOW, **facts), LIMITS)
    assert film.pixels[:, 60:].max() == 0
    assert film.pixels[:, :4].max() == 0
    assert (film.pixels[20:28, 25:39] == PLAIN[20:28, 25:39]).all()


@pytest.mark.parametrize(
    "view", ["LL", "RL", "LATERAL", "LAT", "XTABLE LATERAL", "ll", " Lateral", "L LAT", "LLAT"]
)
def test_lateral_views(view: str) -> None:
    data = with_text(dicom(ramp(), ViewPosition="PA"), "ViewPosition", "CS", view.encode())
    position = decode(data, LIMITS).view_position
    assert is_lateral(position or "")


@pytest.mark.parametrize(
    "view", ["PA", "AP", "LLD", "RLD", "", "PA\\AP", "LATERAL DECUBITUS", "\\"]
)
def test_frontal_views(view: str) -> None:
    data = with_text(dicom(ramp(), ViewPosition="PA"), "ViewPosition", "CS", view.encode())
    assert not is_lateral(decode(data, LIMITS).view_position or "")


@pytest.mark.parametrize("modality", [b"CR\\DX", b"cr", b"CR\\", b"\\CR", b" CR "])
def test_a_modality_of_any_spelling(modality: bytes) -> None:
    data = with_text(dicom(ramp()), "Modality", "CS", modality)
    assert decode(data, LIMITS).modality == "CR"


@pytest.mark.parametrize(
    ("keyword", "value", "warnings"),
    [
        ("PixelSpacing", b"0,143\\0,143", ()),
        ("PixelSpacing", b"0.143", ()),
        ("PixelSpacing", b"unknown", ()),
        ("WindowCenter", b"2048,0", ("window_reread",)),
        ("WindowWidth", b"4096,0\\77", ("window_reread",)),
        ("RescaleSlope", b"1,0", ("rescale_assumed",)),
        ("RescaleSlope", b"one", ("rescale_assumed",)),
        ("RescaleIntercept", b"none", ("rescale_assumed",)),
        ("PhotometricInterpretation", b"monochrome2", ()),
        ("ViewPosition", b"\\", ()),
    ],
)
def test_odd_values_fall_back_as_in_viewers(
    keyword: str, value: bytes, warnings: tuple[str, ...]
) -> None:
    facts: dict[str, Any] = {
        "RescaleSlope": 1,
        "RescaleIntercept": 0,
        "PixelSpacing": [1, 1],
        "ViewPosition": "P",
    }
    data = dicom(ramp(), BitsStored=12, **WINDOW, **facts)
    vr = "CS" if keyword in {"PhotometricInterpretation", "ViewPosition"} else "DS"
    film = decode(with_text(data, keyword, vr, value), LIMITS)
    assert (film.pixels == PLAIN).all()
    assert film.warnings == warnings


def test_a_blank_first_window_gives_way_to_the_second() -> None:
    data = dicom(ramp(), BitsStored=12, WindowCenter=[1, 2048], WindowWidth=[1, 4096])
    data = with_text(data, "WindowCenter", "DS", b"\\2048")
    film = decode(with_text(data, "WindowWidth", "DS", b"\\4096"), LIMITS)
    assert (film.pixels == PLAIN).all()


def test_a_window_that_shows_nothing_gives_way_to_the_range() -> None:
    film = decode(dicom(ramp(), WindowCenter=50000, WindowWidth=10), LIMITS)
    assert film.warnings == ("window_shows_nothing", "no_voi_window")
    assert film.pixels.max() == 255


CODESTREAMS: dict[str, Any] = {
    JPEGLosslessSV1: imagecodecs.jpeg8_encode(TWELVE, lossless=True, bitspersample=12, predictor=1),
    JPEGExtended12Bit: imagecodecs.jpeg8_encode(TWELVE, level=98, bitspersample=12),
    JPEGLSLossless: imagecodecs.jpegls_encode(TWELVE),
    JPEG2000Lossless: imagecodecs.jpeg2k_encode(
        TWELVE, codecformat="J2K", level=0, reversible=True, bitspersample=12
    ),
    HTJ2KLossless: imagecodecs.htj2k_encode(TWELVE),
    "boxes": imagecodecs.jpeg2k_encode(
        TWELVE, codecformat="JP2", level=0, reversible=True, bitspersample=12
    ),
}


def compressed(
    codestream: bytes | bytearray, syntax: str, drop: tuple[str, ...] = (), **facts: Any
) -> bytes:
    dataset = pydicom.dcmread(io.BytesIO(dicom(ramp(), BitsStored=12, **{**WINDOW, **facts})))
    dataset.file_meta.TransferSyntaxUID = syntax
    dataset.PixelData = encapsulate([bytes(codestream)])
    dataset["PixelData"].is_undefined_length = True
    for keyword in drop:
        del dataset[keyword]
    file = io.BytesIO()
    pydicom.dcmwrite(file, dataset, enforce_file_format=True)
    return file.getvalue()


def file_of(syntax: str, drop: tuple[str, ...] = ()) -> bytes:
    uid = JPEG2000Lossless if syntax == "boxes" else syntax
    return compressed(CODESTREAMS[syntax], uid, drop)


@pytest.mark.parametrize("syntax", CODESTREAMS)
def test_every_codestream_shows_the_same(syntax: str) -> None:
    film = decode(file_of(syntax), LIMITS)
    assert np.abs(film.pixels.astype(int) - PLAIN).max() <= (
        2 if syntax == JPEGExtended12Bit else 0
    )
    assert film.warnings == ()


@pytest.mark.parametrize("syntax", CODESTREAMS)
def test_what_attributes_leave_out_the_codestream_states(syntax: str) -> None:
    drop = ("Rows", "Columns", "SamplesPerPixel", "BitsAllocated", "BitsStored", "HighBit")
    film = decode(file_of(syntax, drop), LIMITS)
    assert np.abs(film.pixels.astype(int) - PLAIN).max() <= 2
    assert film.warnings == ("attributes_from_codestream",)


@pytest.mark.parametrize("syntax", CODESTREAMS)
def test_a_missing_sequence_delimiter_is_no_damage(syntax: str) -> None:
    data = file_of(syntax)
    assert data.endswith(b"\xfe\xff\xdd\xe0\0\0\0\0")
    assert np.abs(decode(data[:-8], LIMITS).pixels.astype(int) - PLAIN).max() <= 2


@pytest.mark.parametrize("syntax", [key for key in CODESTREAMS if key != "boxes"])
def test_a_missing_end_marker_is_no_damage_and_missing_pixels_are(syntax: str) -> None:
    whole = CODESTREAMS[syntax]
    assert whole.endswith(b"\xff\xd9")
    film = decode(compressed(whole[:-2], syntax), LIMITS)
    assert np.abs(film.pixels.astype(int) - PLAIN).max() <= 2
    assert film.warnings == ("end_missing",)
    with pytest.raises(UnreadableImage):
        decode(compressed(whole[: len(whole) * 2 // 3], syntax), LIMITS)


@pytest.mark.parametrize("table", [struct.pack("<I", 999_999), struct.pack("<2I", 3, 77)])
def test_a_wrong_offset_table_does_not_matter(table: bytes) -> None:
    data = compressed(CODESTREAMS[JPEGLosslessSV1], JPEGLosslessSV1)
    right = b"\xfe\xff\x00\xe0" + struct.pack("<I", 4) + bytes(4)
    wrong = b"\xfe\xff\x00\xe0" + struct.pack("<I", len(table)) + table
    assert right in data
    assert (decode(data.replace(right, wrong, 1), LIMITS).pixels == PLAIN).all()


def test_a_file_that_is_deflated_is_read_and_bounded() -> None:
    data = dicom(ramp(), BitsStored=12, **WINDOW)
    dataset = pydicom.dcmread(io.BytesIO(data))
    dataset.file_meta.TransferSyntaxUID = pydicom.uid.DeflatedExplicitVRLittleEndian
    file = io.BytesIO()
    pydicom.dcmwrite(file, dataset, enforce_file_format=True)
    assert (decode(file.getvalue(), LIMITS).pixels == PLAIN).all()
    dataset.add_new("TextValue", "UT", " " * 9_000_000)
    file = io.BytesIO()
    pydicom.dcmwrite(file, dataset, enforce_file_format=True)
    with pytest.raises(UnsupportedFormat, match="inflates_too_far"):
        decode(file.getvalue(), LIMITS)


def test_a_native_file_that_mentions_the_deflated_syntax_is_native() -> None:
    data = dicom(ramp(), BitsStored=12, **WINDOW, StudyDescription="1.2.840.10008.1.2.1.99")
    assert (decode(data, LIMITS).pixels == PLAIN).all()


def test_group_2_without_preamble() -> None:
    data = dicom(ramp(), BitsStored=12, **WINDOW)
    assert (decode(data[132:], LIMITS).pixels == PLAIN).all()


def test_pixels_whose_syntax_says_otherwise_are_told_from_themselves() -> None:
    data = compressed(CODESTREAMS[JPEGLSLossless], ImplicitVRLittleEndian)
    native = dicom(ramp(), BitsStored=12, **WINDOW)
    uid = pydicom.uid.ExplicitVRLittleEndian.encode()
    swapped = file_of(JPEGLSLossless)
    assert (decode(swapped, LIMITS).pixels == PLAIN).all()
    assert uid in native
    assert data != swapped


def test_colour_stored_as_red_green_and_blue() -> None:
    colour = np.zeros((48, 64, 3), np.uint8)
    colour[..., 0] = (ramp() >> 4).astype(np.uint8)
    codestream = imagecodecs.jpeg8_encode(
        colour, level=98, colorspace="RGB", outcolorspace="RGB", subsampling="444"
    )
    facts: dict[str, Any] = {"PhotometricInterpretation": "RGB", "SamplesPerPixel": 3}
    data = compressed(codestream, JPEGBaseline8Bit, BitsAllocated=8, HighBit=7, **facts)
    expected = np.rint(0.299 * colour[..., 0])
    assert np.abs(decode(data, LIMITS).pixels - expected).max() <= 2


def test_run_lengths_that_expand_are_bounded_by_the_image() -> None:
    segment = b"\x81\x07" * 400_000
    frame = struct.pack("<16I", 2, 64, 64 + len(segment), *[0] * 13) + segment * 2
    film = decode(compressed(frame, RLELossless), LIMITS)
    assert film.pixels.shape == (48, 64)
    lying = struct.pack("<16I", 2, 64, 2**32 - 1, *[0] * 13) + b"\x81\x07" * 10
    with pytest.raises(UnreadableImage):
        decode(compressed(lying, RLELossless), LIMITS)


def test_an_overlay_in_unused_bits_is_no_pixel() -> None:
    pixels = ramp()
    pixels[10:20, 10:20] |= 0x8000
    dataset = pydicom.dcmread(io.BytesIO(dicom(pixels, BitsStored=12, **WINDOW)))
    dataset.add_new(0x60000010, "US", 48)
    dataset.add_new(0x60000011, "US", 64)
    dataset.add_new(0x60000102, "US", 15)
    file = io.BytesIO()
    pydicom.dcmwrite(file, dataset, enforce_file_format=True)
    assert (decode(file.getvalue(), LIMITS).pixels == PLAIN).all()


def test_a_missing_attribute_is_named() -> None:
    dataset = pydicom.dcmread(io.BytesIO(dicom(ramp())))
    del dataset.Rows
    file = io.BytesIO()
    pydicom.dcmwrite(file, dataset, enforce_file_format=True)
    with pytest.raises(UnreadableImage, match="name=Rows"):
        decode(file.getvalue(), LIMITS)


def test_a_fault_of_this_program_is_not_called_damage(monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken(Limits):
        def check(self, height: int, width: int) -> None:
            raise MemoryError

    for data in (dicom(ramp()), file_of(JPEG2000Lossless)):
        with pytest.raises(MemoryError):
            decode(data, Broken(max_pixels=1, min_side=1))
