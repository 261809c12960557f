"""One event per study and association, not per instance (PS3.15 A.5.3.6 and A.5.3.7).

The first instance of a study opens the transfer with a row in its own transaction; the end of
the association (or of the request) closes it with a second row that has the counts. Rows are
never changed, so a transfer that was cut off stays visibly open.
"""

from collections import Counter
from dataclasses import dataclass, field

from vesalius.kit.transaction import Transaction
from vesalius.stores.audit.kinds import BEGIN_TRANSFERRING_INSTANCES, INSTANCES_TRANSFERRED
from vesalius.stores.audit.trail import Action, Actor, record


async def open_transfer(
    tx: Transaction,
    principal: Actor,
    *,
    association: str,
    study_instance_uid: str,
    patient_reference: str | None = None,
    action: Action = "C",
) -> None:
    """Say that instances of a study begin to come in (`action` C) or go out (R)."""
    await record(
        tx,
        principal,
        action,
        BEGIN_TRANSFERRING_INSTANCES,
        reference=study_instance_uid,
        patient_reference=patient_reference,
        detail={"association": association},
    )


async def close_transfer(
    tx: Transaction,
    principal: Actor,
    *,
    association: str,
    study_instance_uid: str,
    instances: int,
    failures: int = 0,
    sop_classes: dict[str, int] | None = None,
    patient_reference: str | None = None,
    action: Action = "C",
) -> None:
    """Say how many instances of a study came in or went out over one association."""
    await record(
        tx,
        principal,
        action,
        INSTANCES_TRANSFERRED,
        reference=study_instance_uid,
        patient_reference=patient_reference,
        outcome="success" if not failures else "minor",
        detail={
            "association": association,
            "instances": instances,
            "failures": failures,
            "sop_classes": sop_classes or {},
        },
    )


@dataclass(slots=True)
class _Tally:
    patient_reference: str | None
    sop_classes: Counter[str] = field(default_factory=Counter)
    failures: int = 0


class Transfers:
    """The transfers of one association or request, by study; one object per association.

    Call `note` in the transaction of each instance and `close` in one of its own at the end.
    """

    def __init__(self, principal: Actor, association: str, *, action: Action = "C") -> None:
        self.principal = principal
        self.association = association
        self.action = action
        self._tallies: dict[str, _Tally] = {}

    @property
    def is_open(self) -> bool:
        """Whether there is anything to close."""
        return bool(self._tallies)

    async def note(
        self,
        tx: Transaction,
        *,
        study_instance_uid: str,
        sop_class_uid: str,
        patient_reference: str | None = None,
    ) -> None:
        """Count one instance once `tx` commits; the first of a study opens its transfer."""
        if study_instance_uid not in self._tallies:
            await open_transfer(
                tx,
                self.principal,
                association=self.association,
                study_instance_uid=study_instance_uid,
                patient_reference=patient_reference,
                action=self.action,
            )

        def count() -> None:
            tally = self._tallies.setdefault(study_instance_uid, _Tally(patient_reference))
            tally.patient_reference = tally.patient_reference or patient_reference
            tally.sop_classes[sop_class_uid] += 1

        tx.after_commit(count)

    def note_failure(self, study_instance_uid: str) -> None:
        """Count an instance of a study that was opened and could not be transferred."""
        if tally := self._tallies.get(study_instance_uid):
            tally.failures += 1

    async def close(self, tx: Transaction) -> None:
        """Close every open transfer with its counts."""
        for study_instance_uid, tally in self._tallies.items():
            await close_transfer(
                tx,
                self.principal,
                association=self.association,
                study_instance_uid=study_instance_uid,
                instances=tally.sop_classes.total(),
                failures=tally.failures,
                sop_classes=dict(tally.sop_classes),
                patient_reference=tally.patient_reference,
                action=self.action,
            )
        tx.after_commit(self._tallies.clear)
