"""The node as the one that calls: the application entity that asks for associations."""

from __future__ import annotations

from pynetdicom import AE
from pynetdicom.association import Association

from covidxray_api.hospital.node.config import NodeConfig


def requestor(config: NodeConfig) -> AE:
    """Return the application entity by which the node calls others."""
    ae = AE(config.ae_title)
    ae.acse_timeout = ae.dimse_timeout = ae.network_timeout = config.timeout_s
    ae.connection_timeout = config.timeout_s
    return ae


def hang_up(association: Association) -> None:
    """Close the socket of an association that there is none of.

    pynetdicom leaves that to the collector of garbage, and descriptors would pile up meanwhile.
    """
    channel = association.dul.socket
    if channel is not None and channel.socket is not None:
        channel.socket.close()
