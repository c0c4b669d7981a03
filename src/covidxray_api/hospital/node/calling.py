"""The node as the one that calls: the application entity that asks for associations."""

from __future__ import annotations

import socket

from pynetdicom import AE, evt
from pynetdicom.association import Association

from covidxray_api.hospital.node.config import NodeConfig
from covidxray_api.hospital.node.pace import slow_down


def requestor(config: NodeConfig) -> AE:
    """Return the application entity by which the node calls others."""
    ae = AE(config.ae_title)
    ae.acse_timeout = ae.dimse_timeout = ae.network_timeout = config.timeout_s
    ae.connection_timeout = config.timeout_s
    return ae


def opened(event: evt.Event) -> None:
    """Set up a connection that was opened: what is written to it leaves at once.

    pynetdicom writes command and data set apart; by default the second would wait until the peer
    acknowledges the first, which it delays by 40 ms (RFC 896; RFC 1122, section 4.2.3.2).
    """
    event.assoc.dul.socket.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    slow_down(event.assoc)


def hang_up(association: Association) -> None:
    """Close the socket of an association that there is none of.

    pynetdicom leaves that to the collector of garbage, and descriptors would pile up meanwhile.
    """
    channel = association.dul.socket
    if channel is not None and channel.socket is not None:
        channel.socket.close()
