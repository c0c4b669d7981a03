"""What is exchanged by DICOM, by the code that does it: the block of docs/conformance.md."""

from __future__ import annotations

from collections.abc import Iterable

from fastapi.routing import APIRoute
from pydicom.datadict import dictionary_VR
from pydicom.uid import UID
from pynetdicom.sop_class import StorageCommitmentPushModel, Verification

from covidxray_api.api.routers import pixels, retrieve, search, store
from covidxray_api.decoding.formats import TRANSFER_SYNTAXES
from covidxray_api.hospital.bulk_data import SYNTAXES
from covidxray_api.hospital.image_reference import IDENTIFYING
from covidxray_api.hospital.kinds import SOP_CLASSES
from covidxray_api.hospital.matching import KEYS
from covidxray_api.hospital.node.classes import OTHERS, RADIOGRAPHS
from covidxray_api.hospital.store_response import FAILURE_REASONS, PROCESSING_FAILURE
from covidxray_api.rendering import coding

ROUTERS = (store.router, search.router, retrieve.router, pixels.router)


def conformance() -> str:
    """Return the tables of what is taken, made, answered, and of the codes."""
    return "\n".join(
        [
            "### Objects that are made\n",
            *_table(("object", "SOP class", "UID"), _objects()),
            "\nEach copies from its film "
            + ", ".join(f"`{name}`" for name in IDENTIFYING)
            + ", and the Study Instance UID.\n",
            "### Codes\n",
            *_table(("meaning", "scheme", "code"), _codes()),
            "\n### DIMSE: SOP classes as provider\n",
            *_table(
                ("SOP class", "UID"),
                (
                    (UID(uid).name, f"`{uid}`")
                    for uid in (
                        *(Verification, StorageCommitmentPushModel),
                        *RADIOGRAPHS,
                        *OTHERS,
                    )
                ),
            ),
            "\n### Transfer syntaxes of films\n",
            *_table(
                ("transfer syntax", "UID"),
                ((uid.name, f"`{uid}`") for uid in TRANSFER_SYNTAXES),
            ),
            "\n### DICOMweb: services\n",
            *_table(("method", "path", "meaning"), _services()),
            "\n### DICOMweb: attributes that searches match\n",
            *_table(("attribute", "matched with"), ((f"`{key}`", _matching(key)) for key in KEYS)),
            "\n### DICOMweb: bulk data apart\n",
            *_table(
                ("media type of pixels", "transfer syntaxes, the default first"),
                (
                    (f"`{name}`", ", ".join(f"{uid.name} `{uid}`" for uid in syntaxes))
                    for name, syntaxes in SYNTAXES.items()
                ),
            ),
            "\n### DICOMweb: reasons of failure\n",
            *_table(
                ("problem", "Failure Reason (0008,1197)"),
                [
                    *((f"`{code}`", f"`{reason:04X}`") for code, reason in FAILURE_REASONS.items()),
                    ("any other", f"`{PROCESSING_FAILURE:04X}`"),
                ],
            ),
            "",
        ]
    )


def _objects() -> Iterable[tuple[str, ...]]:
    for uid, name in SOP_CLASSES.items():
        yield name.replace("_", " "), UID(uid).name, f"`{uid}`"


def _codes() -> Iterable[tuple[str, ...]]:
    for code in (
        *(coding.CHEST_RADIOGRAPHY, coding.FINDING, coding.PROBABILITY),
        *(*coding.PNEUMONIA.values(), coding.NEITHER, coding.INDETERMINATE),
        *(coding.TO_BE_CONSIDERED, coding.NOT_ASSESSED, coding.STRONGEST_SPOT),
        *(coding.PLACES[place] for place in ("inside_lungs", "outside_lungs")),
    ):
        yield code.meaning, code.scheme, f"`{code.value}`"


def _services() -> Iterable[tuple[str, ...]]:
    for router in ROUTERS:
        for route in router.routes:
            if isinstance(route, APIRoute):
                said = (route.endpoint.__doc__ or "").strip().splitlines()[0]
                yield ", ".join(route.methods or ()), f"`{route.path}`", said


def _matching(keyword: str) -> str:
    match dictionary_VR(keyword):
        case "DA" | "TM":
            return "one value, or a range"
        case "UI":
            return "one UID, or a list with commas"
        case "IS":
            return "one number"
    return "text with `*` and `?` for other characters"


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> list[str]:
    lines = [head, ("---",) * len(head), *rows]
    return [f"| {' | '.join(line)} |" for line in lines]
