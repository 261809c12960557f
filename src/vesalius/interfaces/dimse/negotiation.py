"""Presentation contexts and roles: what the requestor proposes and what is agreed (PS3.8 7.1.1.13).

As acceptor we take the first proposed transfer syntax that we can keep: images are stored as they
come, so the peer's order of preference is the right one.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from vesalius.kit.errors import Invalid
from vesalius.standards.dicom.uids import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME

from . import pdu, sop_classes
from .pdu import AcceptedContext, AssociateAccept, AssociateRequest, ProposedContext
from .user_information import OperationsWindow, RoleSelection, UserInformation

MOST_CONTEXTS = 128


@dataclass(frozen=True, slots=True)
class Context:
    """An accepted presentation context, and who may ask whom in it."""

    context_id: int
    abstract_syntax_uid: str
    transfer_syntax_uid: str
    requestor_is_scu: bool = True
    requestor_is_scp: bool = False


@dataclass(frozen=True, slots=True)
class Proposal:
    """One SOP Class to ask for, with the transfer syntaxes of one context."""

    sop_class_uid: str
    transfer_syntax_uids: tuple[str, ...] = sop_classes.UNCOMPRESSED
    as_scp: bool = False


def request(
    proposals: Iterable[Proposal], *, called: str, calling: str, pdu_bytes: int
) -> AssociateRequest:
    """The A-ASSOCIATE-RQ for some proposals; Invalid when they are more than 128."""
    proposals = tuple(proposals)
    if len(proposals) > MOST_CONTEXTS:
        raise Invalid("an association has room for 128 presentation contexts")
    contexts = tuple(
        ProposedContext(2 * index + 1, proposal.sop_class_uid, proposal.transfer_syntax_uids)
        for index, proposal in enumerate(proposals)
    )
    scp_uids = dict.fromkeys(proposal.sop_class_uid for proposal in proposals if proposal.as_scp)
    roles = tuple(RoleSelection(uid, scu=False, scp=True) for uid in scp_uids)
    return AssociateRequest(called, calling, contexts, _user_information(pdu_bytes, roles))


def answer(
    asked: AssociateRequest, *, pdu_bytes: int, private: frozenset[str] = frozenset()
) -> tuple[AssociateAccept, dict[int, Context]]:
    """The A-ASSOCIATE-AC for a request, and the contexts it makes."""
    roles = {
        role.sop_class_uid: role
        for role in asked.user.roles
        if sop_classes.is_storage(role.sop_class_uid, private)
    }
    answers = tuple(_judge(context, private) for context in asked.contexts)
    contexts = {
        proposed.context_id: _context(proposed, accepted, roles.get(proposed.abstract_syntax_uid))
        for proposed, accepted in zip(asked.contexts, answers, strict=True)
        if accepted.result == pdu.ACCEPTANCE
    }
    user = _user_information(
        pdu_bytes,
        tuple(roles.values()),
        # We do one operation at a time; said only to who asked (PS3.7 D.3.3.3).
        OperationsWindow(1, 1) if asked.user.operations_window is not None else None,
    )
    # The AE titles are sent back as received (PS3.8 table 9-17).
    accept = AssociateAccept(asked.called_ae_title, asked.calling_ae_title, answers, user)
    return accept, contexts


def agreed(asked: AssociateRequest, accept: AssociateAccept) -> dict[int, Context]:
    """The contexts of an association we requested; answers to what we did not ask are dropped."""
    granted = {role.sop_class_uid: role for role in accept.user.roles}
    answers = {context.context_id: context for context in accept.contexts}
    contexts: dict[int, Context] = {}
    for proposed in asked.contexts:
        accepted = answers.get(proposed.context_id)
        if (
            accepted is not None
            and accepted.result == pdu.ACCEPTANCE
            and accepted.transfer_syntax_uid in proposed.transfer_syntax_uids
        ):
            role = granted.get(proposed.abstract_syntax_uid)
            contexts[proposed.context_id] = _context(proposed, accepted, role)
    return contexts


def most_sent(peer_maximum: int, own_maximum: int) -> int:
    """The longest P-DATA-TF to send: the peer's maximum, where 0 is none (PS3.8 Annex D.1)."""
    return min(peer_maximum, own_maximum) if peer_maximum else own_maximum


def _judge(proposed: ProposedContext, private: frozenset[str]) -> AcceptedContext:
    acceptable = sop_classes.acceptable_transfer_syntaxes(proposed.abstract_syntax_uid, private)
    first = proposed.transfer_syntax_uids[0]
    if not acceptable:
        result = pdu.ABSTRACT_SYNTAX_NOT_SUPPORTED
        return AcceptedContext(proposed.context_id, result, first)
    for transfer_syntax_uid in proposed.transfer_syntax_uids:
        if transfer_syntax_uid in acceptable:
            return AcceptedContext(proposed.context_id, pdu.ACCEPTANCE, transfer_syntax_uid)
    return AcceptedContext(proposed.context_id, pdu.TRANSFER_SYNTAXES_NOT_SUPPORTED, first)


def _context(
    proposed: ProposedContext, accepted: AcceptedContext, role: RoleSelection | None
) -> Context:
    # Without role selection the requestor is SCU and nothing else (PS3.7 D.3.3.4).
    return Context(
        proposed.context_id,
        proposed.abstract_syntax_uid,
        accepted.transfer_syntax_uid,
        requestor_is_scu=role.scu if role else True,
        requestor_is_scp=role.scp if role else False,
    )


def _user_information(
    pdu_bytes: int,
    roles: tuple[RoleSelection, ...],
    operations_window: OperationsWindow | None = None,
) -> UserInformation:
    return UserInformation(
        maximum_length=pdu_bytes,
        implementation_class_uid=IMPLEMENTATION_CLASS_UID,
        implementation_version_name=IMPLEMENTATION_VERSION_NAME,
        operations_window=operations_window,
        roles=roles,
    )
