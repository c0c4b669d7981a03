"""DICOM results as browsers show them: PS3.18, section 10.4.1.1.3 (rendered resources)."""

from __future__ import annotations

from html import escape

import cv2
import numpy as np
from pydicom import Dataset

HTML, PNG, JPEG = "text/html", "image/png", "image/jpeg"


def media_types(one: Dataset) -> tuple[str, ...]:
    """Return the media types in which a result can be shown, its default first."""
    return (HTML,) if "ContentSequence" in one else (PNG, JPEG)


def rendered(one: Dataset, media_type: str) -> bytes:
    """Return a result as it is shown.

    Parameters
    ----------
    one : Dataset
        The result.
    media_type : str
        One of its `media_types`.
    """
    if media_type == HTML:
        return _page(one).encode()
    pixels = one.pixel_array
    # A segment has one channel, and is white where it is.
    in_colour = pixels.ndim == 3
    shown = cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR) if in_colour else pixels * np.uint8(255)
    _, data = cv2.imencode(".png" if media_type == PNG else ".jpg", shown)
    return data.tobytes()


def _page(one: Dataset) -> str:
    """Return the content of a structured report as nested lists."""
    title = escape(str(one.SeriesDescription))
    return (
        f'<!doctype html><html><head><meta charset="utf-8"><title>{title}</title></head>'
        f"<body><h1>{title}</h1>{_list(one)}</body></html>"
    )


def _list(container: Dataset) -> str:
    items = "".join(f"<li>{_item(item)}</li>" for item in container.ContentSequence)
    return f"<ul>{items}</ul>"


def _item(item: Dataset) -> str:
    name = escape(item.ConceptNameCodeSequence[0].CodeMeaning)
    inside = _list(item) if "ContentSequence" in item else ""
    return f"{name}: {escape(_value(item))}{inside}" if _value(item) else f"<b>{name}</b>{inside}"


def _value(item: Dataset) -> str:
    """Return the value of a content item (PS3.3, section C.17.3.2.1) in words."""
    match item.ValueType:
        case "TEXT":
            return str(item.TextValue)
        case "CODE":
            return str(item.ConceptCodeSequence[0].CodeMeaning)
        case "NUM":
            return f"{float(item.MeasuredValueSequence[0].NumericValue):.4f}"
        case "UIDREF":
            return str(item.UID)
        case "IMAGE":
            return str(item.ReferencedSOPSequence[0].ReferencedSOPInstanceUID)
    return ""
