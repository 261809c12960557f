"""What is written into the trail when images are asked for and looked at.

A viewer asks for a study in thousands of requests; PS3.15 §A.5.3.3 wants one event for a study
accessed, not one for a frame. So the first look of a principal at a study is recorded in its
own transaction and the following ones are not, until `LOOK_SECONDS` have passed.
"""

import time
from collections import OrderedDict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from vesalius.app import House
from vesalius.kit.transaction import Transaction
from vesalius.stores import archive, audit
from vesalius.stores.access import Principal

LOOK_SECONDS = 300.0
LOOKS_REMEMBERED = 10_000

_looks: OrderedDict[tuple[str, str, str | None, str], float] = OrderedDict()


@asynccontextmanager
async def looking_at(
    house: House, principal: Principal, study_instance_uid: str
) -> AsyncIterator[Transaction]:
    """Where a study is looked at: what is found in here is found for this principal.

    The first look is a transaction with its event in it; the following ones only read.
    """
    key = (principal.kind, principal.name, principal.address, study_instance_uid)
    if time.monotonic() - _looks.get(key, -LOOK_SECONDS) < LOOK_SECONDS:
        async with house.database.reading() as tx:
            yield tx
        return
    async with house.database.inquiry() as tx:
        yield tx
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


def _remember(key: tuple[str, str, str | None, str]) -> None:
    _looks[key] = time.monotonic()
    _looks.move_to_end(key)
    while len(_looks) > LOOKS_REMEMBERED:
        _looks.popitem(last=False)
