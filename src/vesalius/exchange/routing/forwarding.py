"""A complete study goes on to the nodes that the rules name."""

from __future__ import annotations

from typing import Any

from vesalius.exchange.routing.rules import COLUMNS, Rule, Subject, applies
from vesalius.exchange.routing.sending import start_sending
from vesalius.kit.log import logger
from vesalius.kit.transaction import Transaction
from vesalius.stores import access, archive, audit
from vesalius.stores.access import SYSTEM

log = logger(__name__)

STUDY_ROUTED = "Study Routed"
STUDY_DESCRIPTION, BODY_PART_EXAMINED = "00081030", "00180015"


async def forward(tx: Transaction, study_instance_uid: str) -> list[str]:
    """Start sending a study to the node of every rule that applies; to which nodes.

    Each study goes to a node once by each rule, however often it is told; one that grew since is
    sent again, so that late images arrive there too.
    """
    rows = await tx.fetch_all(f"SELECT {COLUMNS} FROM routing_rule WHERE enabled ORDER BY id")
    if not rows:
        return []
    studies = await archive.studies(tx, SYSTEM, [study_instance_uid])
    if not studies:
        return []
    subject = await _subject(tx, studies[0])
    by_node: dict[str, list[Rule]] = {}
    for rule in (Rule(**row) for row in rows):
        if applies(rule, subject) and subject.sources != {rule.ae_title}:
            by_node.setdefault(rule.ae_title, []).append(rule)
    return [
        ae_title
        for ae_title, rules in by_node.items()
        if await _route(tx, studies[0], ae_title, rules)
    ]


async def _subject(tx: Transaction, study: archive.StudyRow) -> Subject:
    series = await archive.series(tx, SYSTEM, study.study_instance_uid)
    return Subject(
        modalities=frozenset(each.modality for each in series),
        sources=await archive.sources(tx, SYSTEM, study.study_instance_uid),
        description=_first(study.elements, STUDY_DESCRIPTION),
        body_parts=frozenset(_first(each.elements, BODY_PART_EXAMINED) for each in series),
    )


async def _route(
    tx: Transaction, study: archive.StudyRow, ae_title: str, rules: list[Rule]
) -> bool:
    """Send a study to a node unless all of these rules have; whether it is sent."""
    node = await access.find_node(tx, ae_title)
    if node is None or "send" not in node.may:
        # The rule cannot be followed, and trying again would not change that.
        log.warning("study not routed", ae_title=ae_title, rules=[rule.id for rule in rules])
        return False
    # Every rule is noted; those that were followed already and the new ones share one sending.
    sent_before = await _sent_as_it_is(tx, study, ae_title)
    new = [rule.id for rule in rules if await _note(tx, study, rule)]
    if sent_before or not new:
        return False
    await start_sending(tx, SYSTEM, study_instance_uid=study.study_instance_uid, ae_title=ae_title)
    await audit.record(
        tx,
        SYSTEM,
        "E",
        STUDY_ROUTED,
        reference=study.study_instance_uid,
        patient_reference=study.patient_reference,
        detail={"node": ae_title, "rules": new, "instances": study.instance_count},
    )
    return True


async def _sent_as_it_is(tx: Transaction, study: archive.StudyRow, ae_title: str) -> bool:
    found = await tx.fetch_value(
        "SELECT 1 FROM routed_study WHERE study_instance_uid = %s AND ae_title = %s"
        " AND instance_count >= %s LIMIT 1",
        (study.study_instance_uid, ae_title, study.instance_count),
    )
    return found is not None


async def _note(tx: Transaction, study: archive.StudyRow, rule: Rule) -> bool:
    """Write down that a rule was followed; false when that is written for as many instances."""
    noted = await tx.fetch_value(
        "INSERT INTO routed_study (study_instance_uid, rule_id, ae_title, instance_count, routed)"
        " VALUES (%s, %s, %s, %s, %s)"
        " ON CONFLICT (study_instance_uid, rule_id, ae_title) DO UPDATE"
        " SET instance_count = EXCLUDED.instance_count, routed = EXCLUDED.routed"
        " WHERE routed_study.instance_count < EXCLUDED.instance_count RETURNING rule_id",
        (study.study_instance_uid, rule.id, rule.ae_title, study.instance_count, tx.now),
    )
    return noted is not None


def _first(elements: Any, tag: str) -> str:
    values = (elements.get(tag) or {}).get("Value") or [""]
    return str(values[0] or "")
