"""The content items of structured reports that each film has for itself, as they are written.

highdicom makes one of each kind; what a film changes in it is written in its place.
"""

from __future__ import annotations

import struct
from functools import cache

import highdicom.sr as sr
from pydicom import Dataset
from pydicom.sr.codedict import codes
from pydicom.uid import UID, ComputedRadiographyImageStorage
from pydicom.valuerep import format_number_as_ds

from covidxray_api.hospital.content_items import attributes, element, item, sequence

ANY = UID("2.25.0")
"""Stands for a UID that each film has for itself."""


def tracking_uid(uid: str) -> bytes:
    """Return the Tracking Unique Identifier of a group (TID 1501)."""
    return item(_tracking() + element("UID", "UI", uid.encode()))


def probability(share: float) -> bytes:
    """Return a probability as it is measured (TID 300)."""
    head, unit = _probability()
    measured = (
        unit
        + element("FloatingPointValue", "FD", struct.pack("<d", share))
        + element("NumericValue", "DS", format_number_as_ds(share).encode())
    )
    return item(head + sequence("MeasuredValueSequence", [item(measured)]))


def source_image(sop_class: str, instance: str) -> bytes:
    """Return the image that a group is about."""
    referenced = element("ReferencedSOPClassUID", "UI", sop_class.encode())
    referenced += element("ReferencedSOPInstanceUID", "UI", instance.encode())
    return item(sequence("ReferencedSOPSequence", [item(referenced)]) + _source())


def any_source() -> sr.SourceImageForMeasurementGroup:
    """Return an image that a group is about as highdicom's templates take it."""
    return sr.SourceImageForMeasurementGroup(ComputedRadiographyImageStorage, ANY)


def any_probability() -> sr.Measurement:
    """Return a probability as highdicom's templates take it."""
    return sr.Measurement(name=codes.DCM.Probability, value=0.0, unit=codes.UCUM.NoUnits)


@cache
def _tracking() -> bytes:
    _, uid = sr.TrackingIdentifier(uid=ANY, identifier="any")
    return attributes(uid, "UID")


@cache
def _probability() -> tuple[bytes, bytes]:
    measured: Dataset = any_probability()[0]
    value = measured.MeasuredValueSequence[0]
    return (
        attributes(measured, "MeasuredValueSequence"),
        attributes(value, "NumericValue", "FloatingPointValue"),
    )


@cache
def _source() -> bytes:
    return attributes(any_source(), "ReferencedSOPSequence")
