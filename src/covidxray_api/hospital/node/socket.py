"""The node's side of a connection: bounded in size and time, whatever the peer sends."""

from __future__ import annotations

import socket
import ssl
from functools import partial

from pynetdicom.association import Association
from pynetdicom.transport import AssociationSocket, RequestHandler

from covidxray_api.hospital.node.pace import slow_down

FIRST_PDU_BYTES = 65_536
"""Largest PDU that is received beyond what was negotiated: a request with all contexts fits."""


class BoundedHandler(RequestHandler):  # type: ignore[misc]
    """Accepts a connection, and reads no PDU from it that is longer than it may be.

    pynetdicom believes the length that stands in the header, and waits for the rest for ever. It
    also takes each connection for an association at once: one that is closed unused, as by a
    monitor that looks whether the port is open, would take the place of another for a minute.
    """

    def handle(self) -> None:
        """Begin an association once the peer has said something."""
        # What keeps a thread from ending would keep an association from being given up.
        self.request.settimeout(self.ae.network_timeout)
        try:
            speaks = _speaks(self.request)
        except OSError:
            speaks = False
        if speaks:
            super().handle()
        else:
            self.server.shutdown_request(self.request)

    def _create_association(self) -> Association:
        association = super()._create_association()
        channel = association.dul.socket
        most = max(FIRST_PDU_BYTES, self.ae.maximum_pdu_size)
        channel.recv = partial(_receive, channel, most)
        slow_down(association)
        return association


def _speaks(connection: socket.socket) -> bool:
    """Wait for the first byte of a peer, or the end of its handshake; tell whether it came."""
    if isinstance(connection, ssl.SSLSocket):
        connection.do_handshake()
        return True
    return bool(connection.recv(1, socket.MSG_PEEK))


def _receive(channel: AssociationSocket, most: int, size: int) -> bytearray:
    """Read as many bytes as are asked for, or all until the peer hangs up."""
    if size > most:
        raise OSError("The PDU is longer than it may be.")
    received, filled = bytearray(size), 0
    with memoryview(received) as view:
        while filled < size and (more := channel.socket.recv_into(view[filled:])):
            filled += more
    del received[filled:]
    return received
