import io
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from PIL import Image
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.uid import (
    MPEG2MPML,
    ExplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPIPHTJ2KReferenced,
    RLELossless,
)
from tests.dicom_files import dicom, ramp

from covidxray_api.decoding import Limits, decode
from covidxray_api.decoding.window import Window
from covidxray_api.errors import (
    ImageTooSmall,
    RadiographError,
    TooManyPixels,
    UnreadableImage,
    UnsupportedFormat,
)

LIMITS = Limits(max_pixels=1_100_000, min_side=32)
DICOM = Path(__file__).parents[3] / "shared" / "data" / "dicom"


def test_without_a_window_the_full_range_is_shown_and_said_so() -> None:
    film = decode(dicom(ramp(), BitsStored=12), LIMITS)
    assert film.warnings == ("no_voi_window",)
    assert (film.pixels[0, 0], film.pixels[0, -1]) == (0, 255)
    assert film.media_type == "application/dicom"


def test_the_first_window_is_applied() -> None:
    film = decode(dicom(ramp(), WindowCenter=[2048, 100], WindowWidth=[1000, 50]), LIMITS)
    row = film.pixels[0].astype(int)
    assert film.warnings == ()
    assert row[ramp()[0] < 1500].max() == 0
    assert row[ramp()[0] > 2600].min() == 255
    assert 100 < row[np.abs(ramp()[0].astype(int) - 2048).argmin()] < 155


@pytest.mark.parametrize("width", [0, ""])
def test_a_window_without_width_is_no_window(width: object) -> None:
    film = decode(dicom(ramp(), WindowCenter=0, WindowWidth=width), LIMITS)
    assert film.warnings == ("window_reread", "no_voi_window")


def test_windows_follow_the_formulas_of_the_standard() -> None:
    values = np.array([[0.0, 511.5, 1023.0]])
    assert Window(512, 1024, "LINEAR").apply(values).tolist() == [[0, 128, 255]]
    assert Window(512, 1024, "LINEAR_EXACT").apply(values).tolist() == [[0, 127, 255]]
    expected = [[30, 127, 224]]
    assert Window(512, 1024, "SIGMOID").apply(values).tolist() == expected


def test_rescale_comes_before_the_window() -> None:
    data = dicom(
        ramp("int16"), RescaleSlope=2, RescaleIntercept=-4096, WindowCenter=0, WindowWidth=2
    )
    film = decode(data, LIMITS)
    assert film.pixels[0, 0] == 0
    assert film.pixels[0, -1] == 255


def test_modality_lookup_table_comes_before_the_window() -> None:
    table = Dataset()
    table.LUTDescriptor = [4096, 0, 16]
    table.LUTData = (4095 - np.arange(4096)).astype(np.uint16).tobytes()
    facts: dict[str, Any] = {
        "ModalityLUTSequence": [table],
        "WindowCenter": 100,
        "WindowWidth": 200,
    }
    film = decode(dicom(ramp(), BitsStored=12, **facts), LIMITS)
    assert film.pixels[0, 0] == 255
    assert film.pixels[0, -1] == 0


def test_an_empty_lookup_table_is_no_lookup_table() -> None:
    facts: dict[str, Any] = {"ModalityLUTSequence": [Dataset()], "VOILUTSequence": [Dataset()]}
    assert decode(dicom(ramp(), **facts), LIMITS).warnings == ("no_voi_window",)


def test_voi_lookup_table_is_applied() -> None:
    table = Dataset()
    table.LUTDescriptor = [4096, 0, 16]
    table.LUTData = (65535 - 16 * np.arange(4096)).astype(np.uint16).tobytes()
    film = decode(dicom(ramp(), BitsStored=12, VOILUTSequence=[table]), LIMITS)
    assert (film.pixels[0, 0], film.pixels[0, -1]) == (255, 0)


@pytest.mark.parametrize(
    "facts",
    [
        {"PhotometricInterpretation": "MONOCHROME1"},
        {"PresentationLUTShape": "INVERSE"},
        {"PhotometricInterpretation": "MONOCHROME1", "PresentationLUTShape": "INVERSE"},
    ],
)
def test_films_whose_small_values_are_white_are_inverted_once(facts: dict[str, str]) -> None:
    film = decode(dicom(ramp(), **facts), LIMITS)
    assert (film.pixels[0, 0], film.pixels[0, -1]) == (255, 0)


def test_padding_does_not_spoil_the_range() -> None:
    pixels = ramp("int16")
    pixels[:, :4] = -2000
    film = decode(dicom(pixels, PixelPaddingValue=-2000), LIMITS)
    assert film.pixels[0, 0] == 0
    assert film.pixels[0, 4] == 0
    assert film.pixels[0, 34] == pytest.approx(255 * 30 / 59, abs=1)


def test_padding_is_black_on_a_film_whose_small_values_are_white() -> None:
    pixels = ramp("int16")
    pixels[:, :4] = -2000
    facts = {"PhotometricInterpretation": "MONOCHROME1"}
    film = decode(dicom(pixels, PixelPaddingValue=-2000, **facts), LIMITS)
    assert film.pixels[0, 3] == 0
    assert film.pixels[0, 4] > 230


def test_run_lengths_are_decoded() -> None:
    film = decode(dicom(ramp(), RLELossless), LIMITS)
    assert (film.pixels == decode(dicom(ramp()), LIMITS).pixels).all()


def encapsulated(pixels: Image.Image, kind: str, syntax: str, **facts: Any) -> bytes:
    """A file whose pixel data is a codestream that Pillow wrote."""
    codestream = io.BytesIO()
    pixels.save(codestream, kind, no_jp2=True)
    data = dicom(np.zeros((pixels.height, pixels.width), np.asarray(pixels).dtype), **facts)
    dataset = pydicom.dcmread(io.BytesIO(data))
    dataset.file_meta.TransferSyntaxUID = syntax
    dataset.PixelData = encapsulate([codestream.getvalue()])
    dataset["PixelData"].is_undefined_length = True
    file = io.BytesIO()
    pydicom.dcmwrite(file, dataset, enforce_file_format=True)
    return file.getvalue()


def test_jpeg_2000_is_decoded() -> None:
    data = encapsulated(Image.fromarray(ramp()), "JPEG2000", JPEG2000Lossless)
    assert (decode(data, LIMITS).pixels == decode(dicom(ramp()), LIMITS).pixels).all()


def test_jpeg_is_decoded() -> None:
    eight_bits = (ramp() >> 4).astype(np.uint8)
    data = encapsulated(Image.fromarray(eight_bits), "JPEG", JPEGBaseline8Bit)
    plain = decode(dicom(eight_bits), LIMITS).pixels.astype(int)
    assert np.abs(decode(data, LIMITS).pixels - plain).max() <= 4


@pytest.mark.parametrize(
    ("kind", "syntax"), [("JPEG2000", JPEG2000Lossless), ("JPEG", JPEGBaseline8Bit)]
)
def test_a_codestream_larger_than_its_header_says_is_refused(kind: str, syntax: str) -> None:
    data = encapsulated(Image.new("L", (1500, 1400)), kind, syntax)
    dataset = pydicom.dcmread(io.BytesIO(data))
    dataset.Rows = dataset.Columns = 100
    file = io.BytesIO()
    pydicom.dcmwrite(file, dataset, enforce_file_format=True)
    with pytest.raises(UnreadableImage, match="coded=1400×1500×1"):
        decode(file.getvalue(), LIMITS)


@pytest.mark.parametrize("syntax", [MPEG2MPML, JPIPHTJ2KReferenced])
def test_other_transfer_syntaxes_are_unsupported(syntax: str) -> None:
    dataset = pydicom.dcmread(io.BytesIO(dicom(ramp())))
    dataset.file_meta.TransferSyntaxUID = syntax
    dataset.PixelData = encapsulate([bytes(100)])
    dataset["PixelData"].is_undefined_length = True
    file = io.BytesIO()
    pydicom.dcmwrite(file, dataset, enforce_file_format=True)
    with pytest.raises(UnsupportedFormat):
        decode(file.getvalue(), LIMITS)


def test_more_than_sixteen_bits_are_refused() -> None:
    with pytest.raises(UnsupportedFormat, match="bits=32"):
        decode(dicom(ramp("uint32")), LIMITS)


def test_palette_colour_becomes_luma() -> None:
    indices = np.zeros((40, 40), np.uint8)
    indices[:, 20:] = 1
    channels = {"Red": [0, 255], "Green": [0, 0], "Blue": [0, 0]}
    facts: dict[str, Any] = {"PhotometricInterpretation": "PALETTE COLOR"}
    for name, levels in channels.items():
        facts[f"{name}PaletteColorLookupTableDescriptor"] = [2, 0, 16]
        table = np.array(levels, "<u2") * 257
        facts[f"{name}PaletteColorLookupTableData"] = table.tobytes()
    film = decode(dicom(indices, **facts), LIMITS)
    assert np.unique(film.pixels[:, :20]) == [0]
    assert np.unique(film.pixels[:, 20:]) == [76]


def test_full_range_ybr_becomes_its_luma() -> None:
    ybr = np.full((40, 40, 3), (100, 128, 128), np.uint8)
    data = dicom(
        ybr.reshape(40 * 3, 40),
        Rows=40,
        SamplesPerPixel=3,
        PlanarConfiguration=0,
        PhotometricInterpretation="YBR_FULL",
    )
    assert np.unique(decode(data, LIMITS).pixels) == [100]


def test_only_the_first_frame_is_read() -> None:
    frames = np.stack([ramp(), np.zeros_like(ramp())])
    film = decode(dicom(frames, NumberOfFrames=2), LIMITS)
    assert "first_frame_used" in film.warnings
    assert film.pixels[0, -1] == 255


def test_colour_becomes_luma() -> None:
    red = np.zeros((40, 40, 3), dtype=np.uint8)
    red[..., 0] = 255
    data = dicom(
        red.reshape(40 * 3, 40),
        Rows=40,
        SamplesPerPixel=3,
        PlanarConfiguration=0,
        PhotometricInterpretation="RGB",
    )
    assert np.unique(decode(data, LIMITS).pixels) == [76]


def test_facts_are_kept_and_the_patient_is_not() -> None:
    film = decode(dicom(ramp(), ViewPosition="PA", PixelSpacing=[0.2, 0.3]), LIMITS)
    assert (film.modality, film.view_position) == ("CR", "PA")
    assert film.photometric_interpretation == "MONOCHROME2"
    assert film.pixel_spacing == (0.2, 0.3)
    assert "Secret" not in repr(film)


def test_a_data_set_without_preamble_is_read() -> None:
    data = dicom(ramp())
    dataset = pydicom.dcmread(io.BytesIO(data))
    bare = io.BytesIO()
    pydicom.dcmwrite(
        bare, Dataset(dataset), implicit_vr=True, little_endian=True, enforce_file_format=False
    )
    assert bare.getvalue()[:2] == b"\x08\x00"
    assert (decode(bare.getvalue(), LIMITS).pixels == decode(data, LIMITS).pixels).all()


def test_a_file_without_an_image_is_unreadable() -> None:
    with pytest.raises(UnreadableImage, match="no_pixel_data"):
        decode(dicom(None), LIMITS)


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, RLELossless])
def test_truncated_file_is_unreadable_and_names_no_one(syntax: str) -> None:
    data = dicom(ramp(), syntax)
    for tenth in range(3, 10):
        with pytest.raises(UnreadableImage) as caught:
            decode(data[: len(data) * tenth // 10], LIMITS)
        assert "Secret" not in str(caught.value)


def test_the_patient_is_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    secret = b"1.2.3"
    data = dicom(ramp()).replace(secret, b"Secre", 2)
    with caplog.at_level("DEBUG"):
        decode(data, LIMITS)
    assert "Secre" not in caplog.text


def test_damage_anywhere_ends_in_an_image_or_in_a_refusal() -> None:
    generator = np.random.default_rng(0)
    data = dicom(ramp(), RLELossless, WindowCenter=2048, WindowWidth=4096)
    outcomes = set()
    for _ in range(300):
        damaged = bytearray(data)
        for place in generator.integers(132, 900, 3):
            damaged[place] = generator.integers(0, 256)
        try:
            outcomes.add(decode(bytes(damaged), LIMITS).pixels.dtype.name)
        except RadiographError as error:
            outcomes.add(error.code)
    assert {"uint8", "unreadable-image"} <= outcomes


def test_size_is_checked_before_pixels() -> None:
    with pytest.raises(TooManyPixels):
        decode(dicom(ramp(), Rows=2000, Columns=2000), LIMITS)
    with pytest.raises(ImageTooSmall):
        decode(dicom(np.zeros((1, 1), dtype=np.uint16)), LIMITS)


@pytest.mark.data
@pytest.mark.skipif(not DICOM.is_dir(), reason="needs the development data")
def test_every_development_file_is_decoded() -> None:
    limits = Limits(max_pixels=64_000_000, min_side=32)
    refused = {}
    paths = sorted(DICOM.iterdir())
    assert len(paths) == 26
    for path in paths:
        try:
            decode(path.read_bytes(), limits)
        except RadiographError as error:
            refused[path.name] = str(error)
    assert refused == {}


@pytest.mark.data
@pytest.mark.skipif(not DICOM.is_dir(), reason="needs the development data")
@pytest.mark.parametrize("name", ["CR_000", "CR_003", "CR_wg04_RG1"])
def test_lungs_of_chest_films_are_darker_than_the_spine(name: str) -> None:
    (path,) = DICOM.glob(f"{name}*")
    pixels = decode(path.read_bytes(), Limits(max_pixels=64_000_000, min_side=32)).pixels
    height, width = pixels.shape
    band = pixels[height * 3 // 10 : height // 2]
    lungs = [band[:, width // 5 : width * 3 // 10], band[:, width * 7 // 10 : width * 4 // 5]]
    spine = band[:, width * 9 // 20 : width * 11 // 20]
    assert max(lung.mean() for lung in lungs) < spine.mean() - 20


@pytest.mark.data
@pytest.mark.skipif(not DICOM.is_dir(), reason="needs the development data")
@pytest.mark.parametrize("name", ["CT_042", "CT_031", "CR_003", "CT_049"])
def test_a_damaged_codestream_cannot_end_the_process(name: str) -> None:
    (path,) = DICOM.glob(f"{name}*")
    data = path.read_bytes()
    generator = np.random.default_rng(0)
    start = max(data.find(b"\xff\xd8\xff"), data.find(b"\xff\x4f\xff\x51"))
    outcomes = set()
    for _ in range(4):
        damaged = bytearray(data)
        for place in generator.integers(start, start + 200, 3):
            damaged[place] = generator.integers(0, 256)
        try:
            outcomes.add(decode(bytes(damaged), LIMITS).pixels.dtype.name)
        except RadiographError as error:
            outcomes.add(error.code)
    assert outcomes <= {"uint8", "unreadable-image"}
