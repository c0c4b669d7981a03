"""Gray values before a window, as bytes, for viewers."""

from __future__ import annotations

from covidxray_api.decoding import Levels
from covidxray_api.rendering.renderer import Answer, Context


class Samples:
    """Writes values as they are, row by row, as DICOM's web services write uncompressed frames."""

    media_type = "application/octet-stream"
    answers = (Levels,)

    def render(self, answer: Answer, context: Context) -> bytes:  # noqa: ARG002
        """Return samples of 16 bits, the least significant byte first (PS3.18, 8.7.3.5.2)."""
        if not isinstance(answer, Levels):
            raise TypeError(f"{type(answer).__name__} has no samples")
        return answer.samples.astype("<u2").tobytes()
