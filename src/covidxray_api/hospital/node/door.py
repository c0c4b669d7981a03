"""The door of the node: who may call, and what it says to C-ECHO, C-STORE and N-ACTION."""

from __future__ import annotations

import logging
import socketserver
import sqlite3
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BytesIO
from typing import Any

import structlog
from pydicom import Dataset, dcmread
from pynetdicom import AE, _config, evt
from pynetdicom.presentation import PresentationContext
from pynetdicom.sop_class import StorageCommitmentPushModel, Verification
from pynetdicom.transport import ThreadedAssociationServer

from covidxray_api.access.control import is_this_machine
from covidxray_api.decoding import Limits
from covidxray_api.decoding.dicom import inflated
from covidxray_api.decoding.formats import TRANSFER_SYNTAXES
from covidxray_api.decoding.values import DAMAGE
from covidxray_api.errors import InvalidConfiguration, RadiographError
from covidxray_api.hospital.node.classes import IMAGE_CLASSES
from covidxray_api.hospital.node.commitment import PROCESSING_FAILURE, address_of, commitment_of
from covidxray_api.hospital.node.config import NodeConfig
from covidxray_api.hospital.node.ledger import Ledger
from covidxray_api.hospital.node.metrics import NodeMetrics
from covidxray_api.hospital.node.routing import route
from covidxray_api.hospital.node.socket import BoundedHandler
from covidxray_api.hospital.node.tls import acceptor_context
from covidxray_api.serving.logs import log_failure

SUCCESS = 0x0000
NOT_AUTHORISED = 0x0124
OUT_OF_RESOURCES = 0xA700
CANNOT_UNDERSTAND = 0xC000
"""Statuses of C-STORE (PS3.7, section 9.1.1.1.9; PS3.4, annex B.2.3)."""

CALLING_NOT_RECOGNISED = (0x01, 0x01, 0x03)
"""Permanent rejection by the service user: who calls is not known (PS3.8, section 9.3.4)."""

LEAVING_S = 30.0
"""Seconds that associations have to end when the node stops; then they are aborted."""

SILENCE_S = 2.0
"""Seconds without a byte after which an association is aborted when the node stops."""

log = structlog.get_logger()

# They quote what they receive, a patient's name included.
logging.getLogger("pynetdicom").setLevel(logging.CRITICAL + 1)
_config.LOG_HANDLER_LEVEL = "none"


class Door:
    """Listens for associations.

    Parameters
    ----------
    config : NodeConfig
        Who may call, and what becomes of films.
    ledger : Ledger
        Where films are kept.
    model : str
        SHA-256 of the model that answers.
    limits : Limits
        Bounds on what is inflated.
    most_bytes : int
        Largest film that is accepted.
    metrics : NodeMetrics
        Count what arrives.

    Raises
    ------
    InvalidConfiguration
        See `check`.
    """

    def __init__(
        self,
        config: NodeConfig,
        ledger: Ledger,
        model: str,
        limits: Limits,
        most_bytes: int,
        metrics: NodeMetrics,
    ) -> None:
        self._config = config
        self._ledger = ledger
        self._model = model
        self._limits = limits
        self._most_bytes = most_bytes
        self._metrics = metrics
        self._received: dict[threading.Thread, int] = {}
        self._heard: dict[threading.Thread, float] = {}
        self._tls = check(config)
        self._ae = AE(config.ae_title)
        self._ae.require_called_aet = True
        self._ae.require_calling_aet = [peer.ae_title for peer in config.peers]
        self._ae.maximum_associations = config.max_associations
        self._ae.maximum_pdu_size = config.max_pdu_bytes
        self._ae.acse_timeout = self._ae.dimse_timeout = config.timeout_s
        self._ae.network_timeout = self._ae.connection_timeout = config.timeout_s
        self._ae.add_supported_context(Verification)
        self._ae.add_supported_context(StorageCommitmentPushModel)
        for sop_class in IMAGE_CLASSES:
            self._ae.add_supported_context(sop_class, list(TRANSFER_SYNTAXES))

    @contextmanager
    def listening(self) -> Iterator[int]:
        """Listen, and yield the port; at the end, let associations that are there end.

        Raises
        ------
        InvalidConfiguration
            If the address is taken, or none of this machine's.
        """
        address = (self._config.host, self._config.port)
        handlers: list[tuple[Any, Callable[..., Any]]] = [
            (evt.EVT_REQUESTED, self._requested),
            (evt.EVT_C_STORE, self._store),
            (evt.EVT_N_ACTION, self._commit),
            (evt.EVT_DATA_RECV, self._count),
            (evt.EVT_DIMSE_RECV, self._counted),
            (evt.EVT_CONN_CLOSE, self._gone),
        ]
        try:
            server = self._ae.make_server(
                address,
                ssl_context=self._tls,
                evt_handlers=handlers,
                server_class=ThreadedAssociationServer,
                request_handler=BoundedHandler,
            )
        except OSError as error:
            host, port = address
            raise InvalidConfiguration(
                "node_port", host=host, port=port, fault=error.strerror or str(error)
            ) from error
        server.contexts = _Contexts(server.contexts)
        # Who connects and says nothing is not waited for at the end.
        server.daemon_threads, server.block_on_close = True, False
        thread = threading.Thread(target=server.serve_forever, args=(0.1,), name="door")
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            socketserver.BaseServer.shutdown(server)
            thread.join()
            server.server_close()
            self._see_off()

    def _see_off(self) -> None:
        """Let peers end what they are about; one that says nothing is not waited for."""
        begun = time.monotonic()
        while associations := self._ae.active_associations:
            for association in associations:
                now = time.monotonic()
                silent_s = now - max(begun, self._heard.get(association, begun))
                if silent_s > SILENCE_S or now - begun > LEAVING_S:
                    association.abort()
            time.sleep(0.05)

    def _requested(self, event: evt.Event) -> None:
        """Reject a known title from another address than its own."""
        association = event.assoc
        title = association.requestor.primitive.calling_ae_title
        hosts = [peer.host for peer in self._config.peers if peer.ae_title == title]
        if hosts and None not in hosts and association.requestor.address not in hosts:
            association.acse.send_reject(*CALLING_NOT_RECOGNISED)
            association.kill()

    def _count(self, event: evt.Event) -> None:
        """Give up an association whose film is larger than a film may be."""
        association = event.assoc
        received = self._received.get(association, 0) + len(event.data)
        self._received[association] = received
        self._heard[association] = time.monotonic()
        if received > self._most_bytes:
            self._metrics.films("too_large")
            association.abort()

    def _counted(self, event: evt.Event) -> None:
        self._received.pop(event.assoc, None)

    def _gone(self, event: evt.Event) -> None:
        self._received.pop(event.assoc, None)
        self._heard.pop(event.assoc, None)

    def _store(self, event: evt.Event) -> int:
        """Keep a film, and say so once it is on disk."""
        calling, data = event.assoc.requestor.ae_title, event.encoded_dataset()
        try:
            film = self._attributes(data)
        except (RadiographError, *DAMAGE):
            self._metrics.films("damaged")
            return CANNOT_UNDERSTAND
        found = route(film, calling, self._config)
        if found.action != "screen":
            self._metrics.films("refused" if found.action == "refuse" else "ignored")
            return NOT_AUTHORISED if found.action == "refuse" else SUCCESS
        instance = str(event.request.AffectedSOPInstanceUID)
        try:
            if self._ledger.films.knows(instance, self._model):
                self._metrics.films("repeated")
                return SUCCESS
            self._ledger.films.accept(
                data,
                instance,
                str(event.request.AffectedSOPClassUID),
                # A film of no study is one of its own.
                str(film.get("StudyInstanceUID") or instance),
                calling,
                found.destinations,
            )
        except (OSError, sqlite3.Error) as error:
            log_failure(log, "film not kept", error)
            self._metrics.films("not_kept")
            return OUT_OF_RESOURCES
        self._metrics.films("accepted")
        return SUCCESS

    def _attributes(self, data: bytes) -> Dataset:
        """Return the attributes by which a film is routed."""
        return dcmread(
            BytesIO(inflated(data, self._limits)),
            stop_before_pixels=True,
            specific_tags=["Modality", "BodyPartExamined", "ViewPosition", "StudyInstanceUID"],
        )

    def _commit(self, event: evt.Event) -> tuple[int, Dataset | None]:
        """Promise a report of storage commitment (PS3.4, section J.3.2)."""
        asked, peer = event.action_information, event.assoc.requestor.ae_title
        if address_of(peer, self._config) is None:
            return PROCESSING_FAILURE, None  # Nobody knows where to report to.
        report = commitment_of(asked, self._ledger.films, self._config.keep_films == "always")
        self._ledger.promises.add(peer, report)
        return SUCCESS, None


class _Contexts(list[PresentationContext]):
    """Presentation contexts that all associations read.

    pynetdicom copies them for each, down to the last transfer syntax: a tenth of a second.
    """

    def __deepcopy__(self, _: object) -> list[PresentationContext]:
        return list(self)


def check(config: NodeConfig) -> ssl.SSLContext | None:
    """Refuse to listen as no one can have meant it; return how TLS is spoken, if it is.

    Raises
    ------
    InvalidConfiguration
        If anybody could call from elsewhere and the configuration does not say so, or TLS cannot be
        spoken.
    """
    known = bool(config.peers) and all(peer.host for peer in config.peers)
    certified = config.tls_certificate is not None and config.tls_peers is not None
    if not (known or certified or config.open_to_all or is_this_machine(config.host)):
        raise InvalidConfiguration("node_open", host=config.host or "all addresses")
    return acceptor_context(config)
