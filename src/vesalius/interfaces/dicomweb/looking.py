"""What is written into the trail when images are asked for and looked at.

A viewer asks for a study in thousands of requests; PS3.15 §A.5.3.3 wants one event for a study
accessed, not one for a frame. So the first look of a principal at a study is recorded in its
own transaction and the following ones are not, until `LOOK_SECONDS` have passed.
"""

import time
from collections import OrderedDict

from vesalius.kit.transaction import Transaction
from vesalius.stores import archive, audit
from vesalius.stores.access import Principal

LOOK_SECONDS = 300.0
LOOKS_REMEMBERED = 10_000

_looks: OrderedDict[tuple[str, str, str | None, str], float] = OrderedDict()


async def note_look(tx: Transaction, principal: Principal, study_instance_uid: str) -> None:
    """Record that a principal looks at a study, unless it was recorded just now."""
    key = (principal.kind, principal.name, principal.address, study_instance_uid)
    if time.monotonic() - _looks.get(key, -LOOK_SECONDS) < LOOK_SECONDS:
        return
    study = await archive.study(tx, principal, study_instance_uid)
    await audit.record(
        tx,
        principal,
        "R",
        audit.kinds.INSTANCES_ACCESSED,
        reference=study_instance_uid,
        patient_reference=study.patient_reference,
        detail={"door": "dicomweb"},
    )
    # Only a look that was committed counts as recorded.
    tx.after_commit(lambda: _remember(key))


async def note_query(
    tx: Transaction, principal: Principal, level: archive.Level, query: archive.Query
) -> None:
    """Record that a principal searched: by which attributes, never for which values."""
    await audit.record(
        tx,
        principal,
        "E",
        audit.kinds.QUERY,
        detail={"door": "dicomweb", "level": level, "by": sorted(query.identifier)},
    )


def forget_looks() -> None:
    """Record every study's next look again."""
    _looks.clear()


def _remember(key: tuple[str, str, str | None, str]) -> None:
    _looks[key] = time.monotonic()
    _looks.move_to_end(key)
    while len(_looks) > LOOKS_REMEMBERED:
        _looks.popitem(last=False)
