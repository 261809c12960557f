"""Sending images on: to a node, as jobs, over the DICOM network; by rules, by themselves."""

from vesalius.exchange.routing.forwarding import forward
from vesalius.exchange.routing.network import (
    InstanceSent,
    Moved,
    Network,
    Peer,
    Resources,
    connect,
    network,
)
from vesalius.exchange.routing.rules import (
    Rule,
    add_rule,
    enable_rule,
    list_rules,
    remove_rule,
)
from vesalius.exchange.routing.sending import NotAllSent, recipient, send_study, start_sending

__all__ = [
    "InstanceSent",
    "Moved",
    "Network",
    "NotAllSent",
    "Peer",
    "Resources",
    "Rule",
    "add_rule",
    "connect",
    "enable_rule",
    "forward",
    "list_rules",
    "network",
    "recipient",
    "remove_rule",
    "send_study",
    "start_sending",
]
