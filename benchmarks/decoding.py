"""CPU of decoding: `python -m benchmarks.decoding`, from any version of the package.

Files are those of `benchmarks.images`, and a radiograph of 2048² of 12 bits as DICOM, beside what
its codec alone takes.
"""

from __future__ import annotations

import io
import time
from collections.abc import Callable
from typing import Any

import imagecodecs
import numpy as np
import pydicom
import typer
from PIL import Image
from pydicom.encaps import encapsulate
from pydicom.uid import JPEG2000Lossless, JPEGLosslessSV1
from tests.dicom_files import dicom

from benchmarks.images import EXAMPLES, images
from covidxray_api.decoding import Limits, decode

LIMITS = Limits(max_pixels=64_000_000, min_side=32)


def _best(decoded: Callable[[], Any], rounds: int) -> float:
    """Return the least CPU time of several rounds, in milliseconds."""
    taken = []
    for _ in range(rounds):
        begun = time.process_time()
        decoded()
        taken.append(time.process_time() - begun)
    return 1000 * min(taken)


def _deep() -> np.ndarray[Any, np.dtype[np.uint16]]:
    with Image.open(EXAMPLES / "normal.png") as film:
        large = film.convert("L").resize((2048, 2048), Image.Resampling.BICUBIC)
    noise = np.random.default_rng(0).normal(0, 12, (2048, 2048))
    return np.clip(np.asarray(large, np.float32) * 16 + noise, 0, 4095).astype(np.uint16)


def _file(codestream: bytes | bytearray, syntax: str) -> bytes:
    facts: dict[str, Any] = {"WindowCenter": 2048, "WindowWidth": 4096}
    empty = np.zeros((2048, 2048), np.uint16)
    dataset = pydicom.dcmread(io.BytesIO(dicom(empty, BitsStored=12, **facts)))
    dataset.file_meta.TransferSyntaxUID = syntax
    dataset.PixelData = encapsulate([bytes(codestream)])
    dataset["PixelData"].is_undefined_length = True
    stream = io.BytesIO()
    pydicom.dcmwrite(stream, dataset, enforce_file_format=True)
    return stream.getvalue()


def main() -> None:
    """Print milliseconds of CPU."""
    for kind in ("1024² JPEG", "2048² JPEG", "1024² PNG"):
        data = images(kind)[0]
        typer.echo(f"{kind}: {_best(lambda data=data: decode(data, LIMITS), 30):.2f} ms")  # type: ignore[misc]
    deep = _deep()
    lossless = imagecodecs.jpeg8_encode(deep, lossless=True, bitspersample=12, predictor=1)
    wavelet = imagecodecs.jpeg2k_encode(
        deep, codecformat="J2K", level=0, reversible=True, bitspersample=12
    )
    for name, codestream, syntax, codec in (
        ("JPEG Lossless", lossless, JPEGLosslessSV1, imagecodecs.jpeg8_decode),
        ("JPEG 2000", wavelet, JPEG2000Lossless, imagecodecs.jpeg2k_decode),
    ):
        data = _file(codestream, syntax)
        alone = _best(lambda c=codestream, f=codec: f(c), 5)  # type: ignore[misc]
        whole = _best(lambda data=data: decode(data, LIMITS), 5)  # type: ignore[misc]
        typer.echo(f"2048² {name}: {whole:.0f} ms, codec {alone:.0f} ms, {whole / alone:.2f}×")


if __name__ == "__main__":
    typer.run(main)
