"""What to propose for instances that will be sent: their SOP Classes, as stored and uncompressed.

Presentation contexts come from what is there. An association has room for 128 of them, so
instances of many kinds go over several associations.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol, TypeVar

from vesalius.standards.dicom.uids import EXPLICIT_LITTLE_ENDIAN, IMPLICIT_LITTLE_ENDIAN

from . import negotiation
from .negotiation import Proposal

# What we can transcode to, for a peer that does not take an instance as it is stored.
FALLBACKS = (EXPLICIT_LITTLE_ENDIAN, IMPLICIT_LITTLE_ENDIAN)


class Sendable(Protocol):
    """An instance, as far as negotiation is concerned: a row of the archive or a file."""

    @property
    def sop_class_uid(self) -> str: ...
    @property
    def transfer_syntax_uid(self) -> str: ...


S = TypeVar("S", bound=Sendable)


def parts(instances: Sequence[S]) -> list[tuple[list[Proposal], list[S]]]:
    """Instances in order, cut where an association would have no room for more contexts."""
    cut: list[tuple[list[Proposal], list[S]]] = []
    syntaxes: dict[str, list[str]] = {}
    part: list[S] = []
    for instance in instances:
        known = syntaxes.setdefault(instance.sop_class_uid, [])
        if instance.transfer_syntax_uid not in known:
            known.append(instance.transfer_syntax_uid)
            if len(_proposals(syntaxes)) > negotiation.MOST_CONTEXTS:
                known.pop()
                cut.append((_proposals(syntaxes), part))
                syntaxes, part = {instance.sop_class_uid: [instance.transfer_syntax_uid]}, []
        part.append(instance)
    if part:
        cut.append((_proposals(syntaxes), part))
    return cut


def _proposals(syntaxes: Mapping[str, list[str]]) -> list[Proposal]:
    return [
        proposal
        for sop_class_uid, stored in syntaxes.items()
        if stored
        for proposal in _proposals_for(sop_class_uid, stored)
    ]


def _proposals_for(sop_class_uid: str, stored_syntaxes: Sequence[str]) -> list[Proposal]:
    """Contexts for one SOP Class: each stored syntax by itself, so that the peer can take every
    one, and those we can transcode to."""
    syntaxes = dict.fromkeys((*stored_syntaxes, *FALLBACKS))
    return [Proposal(sop_class_uid, (syntax,)) for syntax in syntaxes]
