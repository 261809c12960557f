"""C-STORE sub-operations of C-MOVE and C-GET: sending, counting, telling (PS3.4 C.4)."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from vesalius.exchange.routing import Resources
from vesalius.kit.errors import Invalid, VesaliusError
from vesalius.stores import archive, audit

from . import c_store, requestor, status
from .association import Association, Message
from .c_find import QUERY_RETRIEVE_LEVEL, UNIQUE_KEYS, level_of
from .caller import Caller
from .limits import Limits
from .outgoing import Contexts, Outgoing, make_ready
from .status import Outcome

FAILED_SOP_INSTANCE_UID_LIST = "00080058"
# Pending responses are optional (PS3.4 C.4.2.3.1); more of them than this only cost both sides.
PENDING_SECONDS = 0.5


@dataclass(slots=True)
class Tally:
    """Where the sub-operations stand."""

    remaining: int
    completed: int = 0
    warnings: int = 0
    failed: list[str] = field(default_factory=list)
    sent: dict[str, Counter[str]] = field(default_factory=dict)
    failures: Counter[str] = field(default_factory=Counter)

    def count(self, row: archive.InstanceRow, outcome: Outcome) -> None:
        self.remaining -= 1
        if outcome.status == status.SUCCESS:
            self.completed += 1
        elif status.is_warning(outcome.status):
            self.warnings += 1
        else:
            self.failed.append(row.sop_instance_uid)
            self.failures[row.study_instance_uid] += 1
            return
        self.sent.setdefault(row.study_instance_uid, Counter())[row.sop_class_uid] += 1

    def fail(self, rows: Iterable[archive.InstanceRow]) -> None:
        """Count what was not even tried."""
        for row in rows:
            self.count(row, Outcome(status.UNABLE_TO_PROCESS))

    def elements(self, *, final: bool = False) -> dict[str, Any]:
        """The counts of a response; the remaining ones only while there are some (C.4.2.1.6)."""
        counts: dict[str, Any] = {
            "number_of_completed_suboperations": min(self.completed, 0xFFFF),
            "number_of_failed_suboperations": min(len(self.failed), 0xFFFF),
            "number_of_warning_suboperations": min(self.warnings, 0xFFFF),
        }
        if not final:
            counts["number_of_remaining_suboperations"] = min(self.remaining, 0xFFFF)
        return counts


async def find_instances(caller: Caller, message: Message) -> list[archive.InstanceRow]:
    """The instances a C-MOVE or C-GET identifier names. Raises Invalid."""
    caller.require_service("retrieve")
    if not message.command.has_data_set:
        raise Invalid("a retrieve without an identifier")
    identifier = await caller.identifier(message)
    level = level_of(identifier, message.context.abstract_syntax_uid)
    keys = {name: _uids(identifier, tag) for name, tag in UNIQUE_KEYS.items()}
    if not keys[level]:
        raise Invalid(f"the identifier lacks the unique key of its {level} level")
    async with caller.house.database.transaction() as tx:
        return await archive.instances(
            tx,
            caller.principal,
            patient=keys["PATIENT"],
            study=keys["STUDY"],
            series=keys["SERIES"] if level in ("SERIES", "IMAGE") else [],
            instance=keys["IMAGE"] if level == "IMAGE" else [],
        )


def _uids(identifier: Mapping[str, Any], tag: str) -> list[str]:
    values = (identifier.get(tag) or {}).get("Value") or []
    return [str(value) for value in values if value]


async def send_all(
    resources: Resources,
    association: Association,
    limits: Limits,
    rows: Sequence[archive.InstanceRow],
    **originator: Any,
) -> AsyncIterator[tuple[archive.InstanceRow, Outcome]]:
    """Send instances over an association, one after the other; what the peer says to each."""
    we_asked = association.upper.is_requestor
    contexts = Contexts(association.contexts.values(), we_asked=we_asked)
    ready = make_ready(resources, rows, contexts)
    message_id = 0
    try:
        async for outgoing in ready:
            message_id = message_id % 0xFFFF + 1
            yield (
                outgoing.row,
                await _send(association, limits, outgoing, message_id, originator),
            )
    finally:
        await ready.aclose()  # type: ignore[attr-defined]


async def _send(
    association: Association,
    limits: Limits,
    outgoing: Outgoing,
    message_id: int,
    originator: Mapping[str, Any],
) -> Outcome:
    if outgoing.error is not None or outgoing.context is None:
        return status.of_error(outgoing.error or VesaliusError("not sent"), None)
    context = outgoing.context
    uid = outgoing.row.sop_instance_uid
    request = c_store.request_for(context, uid, message_id, **originator)
    if outgoing.data_set is not None:
        await association.send(context.context_id, request, outgoing.data_set)
    else:
        await association.send_streamed(
            context.context_id, request, outgoing.chunks(), outgoing.size
        )
    response = await requestor.response(association, request, limits)
    assert response.command.status is not None
    return Outcome(response.command.status, response.command.error_comment)


class Progress:
    """Pending responses of a retrieve, not more often than is of use."""

    def __init__(self, caller: Caller, message: Message, tally: Tally) -> None:
        self._caller = caller
        self._message = message
        self._tally = tally
        self._loop = asyncio.get_running_loop()
        self._next = self._loop.time()

    async def tell(self) -> None:
        now = self._loop.time()
        if now < self._next or not self._tally.remaining:
            return
        self._next = now + PENDING_SECONDS
        pending = Outcome(status.PENDING)
        await self._caller.respond(self._message, pending, **self._tally.elements())

    async def finish(self, outcome: Outcome | None = None) -> None:
        """The final response, its status from the counts unless another is given."""
        tally = self._tally
        if outcome is None:
            outcome = Outcome(_final_status(tally))
        data_set = None
        if tally.failed:
            data_set = {FAILED_SOP_INSTANCE_UID_LIST: {"vr": "UI", "Value": tally.failed}}
        elements = tally.elements(final=outcome.status != status.CANCEL)
        await self._caller.respond(self._message, outcome, data_set, **elements)


def _final_status(tally: Tally) -> int:
    if tally.failed and not tally.completed and not tally.warnings:
        return status.CANNOT_PERFORM_SUBOPERATIONS
    if tally.failed or tally.warnings:
        return status.SUBOPERATIONS_WITH_FAILURES
    return status.SUCCESS


async def open_transfers(caller: Caller, rows: Sequence[archive.InstanceRow]) -> None:
    """Say in the audit trail that instances begin to go out, before the first one does."""
    patients = {row.study_instance_uid: row.patient_reference for row in rows}
    async with caller.house.database.transaction() as tx:
        for study_instance_uid, patient_reference in patients.items():
            await audit.open_transfer(
                tx,
                caller.principal,
                association=caller.association_id,
                study_instance_uid=study_instance_uid,
                patient_reference=patient_reference,
                action="R",
            )


async def close_transfers(
    caller: Caller, rows: Sequence[archive.InstanceRow], tally: Tally
) -> None:
    """Say in the audit trail how many went out."""
    patients = {row.study_instance_uid: row.patient_reference for row in rows}
    async with caller.house.database.transaction() as tx:
        for study_instance_uid, patient_reference in patients.items():
            sop_classes = tally.sent.get(study_instance_uid, Counter())
            await audit.close_transfer(
                tx,
                caller.principal,
                association=caller.association_id,
                study_instance_uid=study_instance_uid,
                instances=sop_classes.total(),
                failures=tally.failures[study_instance_uid],
                sop_classes=dict(sop_classes),
                patient_reference=patient_reference,
                action="R",
            )


__all__ = [
    "QUERY_RETRIEVE_LEVEL",
    "Progress",
    "Tally",
    "close_transfers",
    "find_instances",
    "open_transfers",
    "send_all",
]
