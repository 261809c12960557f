"""The reading list: what is to be read, most urgent first, then longest waiting."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from vesalius.care.patients import Card, cards, tokens
from vesalius.imaging.reading.items import PRIORITIES
from vesalius.kit.database import Predicate, every, some
from vesalius.kit.errors import Invalid
from vesalius.kit.transaction import Transaction
from vesalius.stores import audit
from vesalius.stores.access import Principal, patient_predicate, require

Status = Literal["unread", "claimed", "draft", "signed"]

# Counting on past this tells a reader nothing and costs everybody.
COUNT_LIMIT = 10_000

STATUS = (
    "CASE WHEN r.signed_at IS NOT NULL THEN 'signed' WHEN r.has_draft THEN 'draft'"
    " WHEN r.claimed_by IS NOT NULL THEN 'claimed' ELSE 'unread' END"
)
WHERE_STATUS = {
    "unread": "r.signed_at IS NULL AND NOT r.has_draft AND r.claimed_by IS NULL",
    "claimed": "r.signed_at IS NULL AND NOT r.has_draft AND r.claimed_by IS NOT NULL",
    "draft": "r.signed_at IS NULL AND r.has_draft",
    "signed": "r.signed_at IS NOT NULL",
    "open": "r.signed_at IS NULL",
}


@dataclass(frozen=True, slots=True)
class Filters:
    """What a reader wants to see of the list."""

    modality: Sequence[str] = ()
    status: str = "open"
    priority: Sequence[str] = ()
    body_part: str | None = None
    mine: bool = False
    q: str = ""
    limit: int = 100
    offset: int = 0


@dataclass(frozen=True, slots=True)
class Item:
    """One row of the list."""

    study_instance_uid: str
    card: Card | None
    identity: dict[str, Any]
    order_reference: str | None
    accession_number: str | None
    modality: str
    body_part: str | None
    description: str
    study_date: str | None
    arrived: datetime
    priority: str
    status: Status
    claimed_by: str | None
    claimed_display: str | None
    state: str
    instance_count: int
    series_count: int
    priors: int
    waiting_seconds: int


async def reading_list(
    tx: Transaction, principal: Principal | None, filters: Filters
) -> tuple[list[Item], int]:
    """A page of the list and how many rows it has in all (counted to COUNT_LIMIT)."""
    principal = require(principal, "reading.read")
    chosen = where(principal, filters)
    order = (
        "r.signed_at DESC"
        if filters.status == "signed"
        else "r.priority, r.arrived, r.study_instance_uid"
    )
    rows = await tx.fetch_all(
        f"SELECT r.*, {STATUS} AS status FROM reading_item r WHERE {chosen.sql}"
        f" ORDER BY {order} LIMIT %s OFFSET %s",
        (
            *chosen.params,
            max(1, min(filters.limit, tx.settings.page_count)),
            max(0, filters.offset),
        ),
    )
    total = await tx.fetch_value(
        f"SELECT count(*) FROM (SELECT FROM reading_item r WHERE {chosen.sql} LIMIT {COUNT_LIMIT})"
        " counted",
        chosen.params,
    )
    await audit.record(
        tx, principal, "E", audit.kinds.QUERY, detail={"of": "reading list", "found": len(rows)}
    )
    return await _items(tx, rows), total


async def reading_item(
    tx: Transaction, principal: Principal | None, study_instance_uid: str
) -> Item | None:
    """The row of one study; None when it is not on the list or hidden."""
    principal = require(principal, "reading.read")
    policy = patient_predicate(principal, "r.patient_reference")
    rows = await tx.fetch_all(
        f"SELECT r.*, {STATUS} AS status FROM reading_item r"
        f" WHERE study_instance_uid = %s AND ({policy.sql})",
        (study_instance_uid, *policy.params),
    )
    return next(iter(await _items(tx, rows)), None)


def where(principal: Principal, filters: Filters, *, status: str | None = None) -> Predicate:
    """The rows of the list that filters and policy leave; `status` overrules the filter's."""
    status = status or filters.status
    if status not in WHERE_STATUS:
        raise Invalid(f"the status is one of {', '.join(WHERE_STATUS)}")
    if unknown := set(filters.priority) - set(PRIORITIES):
        raise Invalid(f"there is no priority {min(unknown)}")
    parts = [
        Predicate(WHERE_STATUS[status]),
        patient_predicate(principal, "r.patient_reference"),
    ]
    if filters.modality:
        parts.append(Predicate("r.modality = ANY(%s)", (list(filters.modality),)))
    if filters.priority:
        numbers = [PRIORITIES[priority] for priority in filters.priority]
        parts.append(Predicate("r.priority = ANY(%s)", (numbers,)))
    if filters.body_part:
        parts.append(Predicate("r.body_part = %s", (filters.body_part.upper(),)))
    if filters.mine:
        parts.append(Predicate("r.claimed_by = %s", (principal.name,)))
    parts += [_word(word) for word in tokens(filters.q)[:8]]
    return every(parts)


def _word(word: str) -> Predicate:
    """A word of the box: of the patient's names or numbers, or the accession number's beginning."""
    pattern = re.sub(r"([\\%_])", r"\\\1", word) + "%"
    return some(
        [
            Predicate(
                "r.patient_reference IN"
                " (SELECT patient_reference FROM patient_token WHERE token LIKE %s)",
                (pattern,),
            ),
            Predicate("r.accession_number LIKE %s", (pattern.upper(),)),
            Predicate("lower(r.description) LIKE %s", ("%" + pattern,)),
        ]
    )


async def _items(tx: Transaction, rows: list[dict[str, Any]]) -> list[Item]:
    known = await cards(tx, [r["patient_reference"] for r in rows if r["patient_reference"]])
    studies = await _studies(tx, [r["study_instance_uid"] for r in rows])
    names = {number: name for name, number in PRIORITIES.items()}
    items = []
    for row in rows:
        study = studies[row["study_instance_uid"]]
        items.append(
            Item(
                study_instance_uid=row["study_instance_uid"],
                card=known.get(row["patient_reference"] or ""),
                identity=study["identity"],
                order_reference=row["order_reference"],
                accession_number=row["accession_number"],
                modality=row["modality"],
                body_part=row["body_part"],
                description=row["description"],
                study_date=row["study_date"],
                arrived=row["arrived"],
                priority=names[row["priority"]],
                status=row["status"],
                claimed_by=row["claimed_by"],
                claimed_display=row["claimed_display"],
                state=study["state"],
                instance_count=study["instance_count"],
                series_count=study["series_count"],
                priors=study["priors"],
                waiting_seconds=max(0, int((tx.now - row["arrived"]).total_seconds())),
            )
        )
    return items


async def _studies(tx: Transaction, uids: list[str]) -> dict[str, dict[str, Any]]:
    """Of a page's studies: state, counts, and how many other studies their patients have."""
    rows = await tx.fetch_all(
        "SELECT st.study_instance_uid, st.identity, st.state, st.instance_count, st.series_count,"
        " (SELECT count(*) FROM imaging_study other"
        "   WHERE other.patient_reference = st.patient_reference"
        "   AND other.study_instance_uid <> st.study_instance_uid) AS priors"
        " FROM imaging_study st WHERE st.study_instance_uid = ANY(%s)",
        (uids,),
    )
    return {row["study_instance_uid"]: row for row in rows}
