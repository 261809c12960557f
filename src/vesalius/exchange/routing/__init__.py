"""Sending images on: to a node, as jobs, over the DICOM network."""

from vesalius.exchange.routing.network import (
    InstanceSent,
    Moved,
    Network,
    Peer,
    Resources,
    connect,
    network,
)
from vesalius.exchange.routing.sending import NotAllSent, recipient, send_study, start_sending

__all__ = [
    "InstanceSent",
    "Moved",
    "Network",
    "NotAllSent",
    "Peer",
    "Resources",
    "connect",
    "network",
    "recipient",
    "send_study",
    "start_sending",
]
