"""Sending a study to a node: asked for in a transaction, done by a job until it succeeds."""

from __future__ import annotations

from collections import Counter

from vesalius.exchange.routing.network import Peer, network
from vesalius.kit import jobs
from vesalius.kit.errors import Conflict, NotFound, Unavailable
from vesalius.kit.ids import new_id
from vesalius.kit.transaction import Transaction
from vesalius.stores import access, archive, audit
from vesalius.stores.access import SYSTEM, Principal, require

SEND_STUDY = "routing.send_study"


class NotAllSent(Unavailable):
    """The node did not store every instance; the job is tried again."""


async def start_sending(
    tx: Transaction, principal: Principal | None, *, study_instance_uid: str, ae_title: str
) -> None:
    """Queue a study to be sent to a node. Raises NotFound, Conflict (it may not get images)."""
    principal = require(principal, "study.read")
    await recipient(tx, ae_title)
    # Asked as the principal: who may not see the study cannot have it sent.
    if not await archive.instances(tx, principal, study=study_instance_uid):
        raise NotFound("there is no such study")
    await jobs.defer(
        tx,
        SEND_STUDY,
        only_one=f"{SEND_STUDY}/{study_instance_uid}/{ae_title}",
        study_instance_uid=study_instance_uid,
        ae_title=ae_title,
    )


@jobs.job(SEND_STUDY)
async def send_study(tx: Transaction, *, study_instance_uid: str, ae_title: str) -> None:
    """Store all of a study at a node. Storing twice does no harm, so the job may run again."""
    node = await recipient(tx, ae_title)
    rows = await archive.instances(tx, SYSTEM, study=study_instance_uid)
    classes = {row.sop_instance_uid: row.sop_class_uid for row in rows}
    sent: Counter[str] = Counter()
    failures = 0
    async for each in network().send(tx, Peer(node.ae_title, node.host, node.port), rows):
        if each.is_stored:
            sent[classes[each.sop_instance_uid]] += 1
        else:
            failures += 1
    if failures:
        raise NotAllSent(f"{failures} of {len(rows)} instances were not stored by {ae_title}")
    await audit.close_transfer(
        tx,
        SYSTEM,
        association=new_id(),
        study_instance_uid=study_instance_uid,
        instances=sent.total(),
        sop_classes=dict(sent),
        patient_reference=rows[0].patient_reference if rows else None,
        action="R",
    )


async def recipient(tx: Transaction, ae_title: str) -> access.Node:
    """The node to send to. Raises NotFound, Conflict when it may not get images."""
    node = await access.find_node(tx, ae_title)
    if node is None:
        raise NotFound("there is no such node")
    if "send" not in node.may:
        raise Conflict("images may not be sent to this node")
    return node
