"""TLS of the node, as acceptor and as requestor (PS3.15, annex B: BCP 195)."""

from __future__ import annotations

import socket
import ssl
from pathlib import Path
from typing import Any

from covidxray_api.errors import InvalidConfiguration
from covidxray_api.hospital.node.config import NodeConfig


class _LazyContext(ssl.SSLContext):
    """A context whose handshakes are done by the thread of the association that they begin.

    pynetdicom would do them where it accepts connections, and a peer that is silent would keep all
    others out.
    """

    def wrap_socket(self, sock: socket.socket, *_: Any, **options: Any) -> ssl.SSLSocket:
        """Wrap a socket; the handshake comes with the first byte that is read."""
        return super().wrap_socket(sock, **{**options, "do_handshake_on_connect": False})


def acceptor_context(config: NodeConfig) -> ssl.SSLContext | None:
    """Return how the node speaks TLS; none if it does not.

    Raises
    ------
    InvalidConfiguration
        If the certificate, its key or the authorities cannot be used.
    """
    if config.tls_certificate is None:
        if config.tls_key or config.tls_peers:
            raise InvalidConfiguration("node_tls")
        return None
    context = _LazyContext(ssl.PROTOCOL_TLS_SERVER)
    _load(context, config)
    if config.tls_peers:
        context.verify_mode = ssl.CERT_REQUIRED
    return context


def requestor_context(config: NodeConfig) -> ssl.SSLContext:
    """Return how the node calls destinations that speak TLS.

    Raises
    ------
    InvalidConfiguration
        See `acceptor_context`.
    """
    context = ssl.create_default_context()
    if config.tls_certificate:
        _load(context, config)
    return context


def _load(context: ssl.SSLContext, config: NodeConfig) -> None:
    certificate, key = config.tls_certificate, config.tls_key
    if certificate is None or key is None:
        raise InvalidConfiguration("node_tls")
    for path in (certificate, key, *([config.tls_peers] if config.tls_peers else [])):
        _check_readable(path)
    try:
        context.load_cert_chain(certificate, key, lambda: "")
        if config.tls_peers:
            context.load_verify_locations(config.tls_peers)
    except (ssl.SSLError, ValueError) as error:
        raise InvalidConfiguration("tls", certificate=certificate, key=key) from error


def _check_readable(path: Path) -> None:
    try:
        path.read_bytes()
    except OSError as error:
        raise InvalidConfiguration("unreadable", path=path, fault=error.strerror) from error
