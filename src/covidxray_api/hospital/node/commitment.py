"""Storage commitment (PS3.4, annex J): the node vouches for films that it keeps, and no others.

A modality may delete what is committed. A node that drops films once their results are
acknowledged therefore commits to none: only `keep_films = "always"` lets it.
"""

from __future__ import annotations

import ssl
from typing import Any

from pydicom import Dataset
from pynetdicom import AE, build_role
from pynetdicom.sop_class import StorageCommitmentPushModel

from covidxray_api.hospital.node.calling import call
from covidxray_api.hospital.node.config import NodeConfig
from covidxray_api.hospital.node.films import Films
from covidxray_api.hospital.node.promises import Promises
from covidxray_api.hospital.node.tls import requestor_context

PROCESSING_FAILURE = 0x0110
NO_SUCH_INSTANCE = 0x0112
"""Failure Reason (0008,1197) of PS3.3, section C.14.1.1."""

ALL_COMMITTED, SOME_FAILED = 1, 2
"""Event types (PS3.4, section J.3.3.1)."""

WELL_KNOWN = "1.2.840.10008.1.20.1.1"
"""SOP Instance UID of the push model (PS3.4, section J.3.5)."""

MOST_TRIES = 10
"""Tries after which a peer that takes no reports gets none; it may ask again."""


def commitment_of(asked: Dataset, films: Films, keeps: bool) -> dict[str, Any]:
    """Return what a peer is to be told of the films that it asks about, as DICOM JSON.

    Parameters
    ----------
    asked : Dataset
        Action Information: transaction and referenced films (PS3.4, table J.3-1).
    films : Films
        Knows which are kept.
    keeps : bool
        Whether films are kept for good.
    """
    report, done, failed = Dataset(), [], []
    report.TransactionUID = asked.TransactionUID
    references = list(asked.get("ReferencedSOPSequence") or [])
    kept = films.kept([str(each.ReferencedSOPInstanceUID) for each in references])
    for each in references:
        told = Dataset()
        told.ReferencedSOPClassUID = each.ReferencedSOPClassUID
        told.ReferencedSOPInstanceUID = each.ReferencedSOPInstanceUID
        is_kept = str(each.ReferencedSOPInstanceUID) in kept
        if is_kept and keeps:
            done.append(told)
            continue
        told.FailureReason = PROCESSING_FAILURE if is_kept else NO_SUCH_INSTANCE
        failed.append(told)
    if done:
        report.ReferencedSOPSequence = done
    if failed:
        report.FailedSOPSequence = failed
    found: dict[str, Any] = report.to_json_dict()
    return found


def address_of(title: str, config: NodeConfig) -> tuple[str, int] | None:
    """Return where a peer takes reports, by its AE title; none if that is not known."""
    for peer in config.peers:
        if peer.ae_title == title and peer.host and peer.port:
            return peer.host, peer.port
    return None


def report_commitments(promises: Promises, config: NodeConfig, ae: AE) -> None:
    """Send the reports that are due, each on an association of its own (PS3.4, section J.3.3)."""
    context = requestor_context(config) if config.tls_certificate else None
    for number, title, report, tries in promises.owed():
        address = address_of(title, config)
        tls = (context, address[0]) if context and address else None
        told = Dataset.from_json(report)
        if tries >= MOST_TRIES or (address and _report(ae, address, title, told, tls)):
            promises.reported(number)
        else:
            promises.report_later(number, min(2.0**tries, config.retry_most_s))


def _report(
    ae: AE,
    address: tuple[str, int],
    title: str,
    report: Dataset,
    tls: tuple[ssl.SSLContext, str] | None,
) -> bool:
    role = build_role(StorageCommitmentPushModel, scp_role=True)
    association = call(ae, address, title, tls, [role])
    if not association.is_established:
        return False
    event = SOME_FAILED if "FailedSOPSequence" in report else ALL_COMMITTED
    try:
        status, _ = association.send_n_event_report(
            report, event, StorageCommitmentPushModel, WELL_KNOWN
        )
    except (RuntimeError, ValueError):
        return False  # Not accepted as what reports.
    finally:
        association.release()
    return bool(status.get("Status") == 0x0000)
