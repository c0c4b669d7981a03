"""The node as the one that calls: the application entity that asks for associations."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Sequence

from pynetdicom import AE, evt
from pynetdicom.association import Association
from pynetdicom.pdu_primitives import SCP_SCU_RoleSelectionNegotiation

from covidxray_api.hospital.node.config import NodeConfig
from covidxray_api.hospital.node.pace import slow_down


def requestor(config: NodeConfig) -> AE:
    """Return the application entity by which the node calls others."""
    ae = AE(config.ae_title)
    ae.acse_timeout = ae.dimse_timeout = ae.network_timeout = config.timeout_s
    ae.connection_timeout = config.timeout_s
    return ae


def call(
    ae: AE,
    address: tuple[str, int],
    title: str,
    tls: tuple[ssl.SSLContext, str] | None = None,
    roles: Sequence[SCP_SCU_RoleSelectionNegotiation] = (),
) -> Association:
    """Ask a peer for an association, and return it, established or not.

    Parameters
    ----------
    ae : AE
        Who asks, and for what.
    address : tuple of str and int
        Host and port of the peer.
    title : str
        Its AE title.
    tls : tuple of SSLContext and str, optional
        For TLS: what it needs, and the name that the peer has to have.
    roles : sequence of SCP_SCU_RoleSelectionNegotiation
        Other roles than that of a user (PS3.7, section D.3.3.4).
    """
    association = ae.associate(
        *address,
        ae_title=title,
        ext_neg=list(roles),
        tls_args=tls,
        evt_handlers=[(evt.EVT_CONN_OPEN, _opened)],
    )
    if not association.is_established:
        hang_up(association)
    return association


def _opened(event: evt.Event) -> None:
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
