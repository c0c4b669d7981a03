"""GDCM in a process of its own: a damaged codestream can make it abort, beyond any ``except``.

Run as a script it reads a DICOM file from standard input and writes the first frame in NumPy's
format to standard output; the service starts it and reads that.
"""

from __future__ import annotations

import subprocess
import sys
from io import BytesIO
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.pixels import pixel_array

_SECONDS = 60


def first_frame(data: bytes) -> NDArray[Any]:
    """Decode the first frame of a compressed DICOM file by GDCM.

    Parameters
    ----------
    data : bytes
        A whole file, with its transfer syntax.

    Returns
    -------
    ndarray of integer, shape (rows, columns) or (rows, columns, samples)
        Stored values.

    Raises
    ------
    subprocess.SubprocessError
        If GDCM fails, or takes longer than a minute.
    """
    child = subprocess.run(  # noqa: S603
        [sys.executable, "-P", "-W", "ignore", __file__],
        input=data,
        capture_output=True,
        check=True,
        timeout=_SECONDS,
    )
    return np.asarray(np.load(BytesIO(child.stdout), allow_pickle=False))


def main() -> None:
    """Decode standard input to standard output."""
    frame = pixel_array(BytesIO(sys.stdin.buffer.read()), index=0, decoding_plugin="gdcm")
    file = BytesIO()
    np.save(file, frame)
    sys.stdout.buffer.write(file.getvalue())


if __name__ == "__main__":
    main()
