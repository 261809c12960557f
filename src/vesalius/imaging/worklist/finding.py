"""Answering a modality that asks for its worklist (MWL C-FIND, PS3.4 K.6) [RAD-5].

A step that is assigned to no station is offered to every station that asks for its modality, and
is told to be that station's.
"""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from vesalius.care.patients import Card
from vesalius.imaging.worklist.data_set import issuer_of, worklist_item
from vesalius.imaging.worklist.matching import date_range, matches, select, values
from vesalius.imaging.worklist.steps import COLUMNS, NAMES, Step
from vesalius.kit.database import Predicate, every
from vesalius.kit.transaction import Transaction
from vesalius.stores import audit
from vesalius.stores.access import Principal, patient_predicate, require

OPEN = ("SCHEDULED",)
ANY_STATION = "ANY"

CARD = (
    "jsonb_build_object('patient_reference', c.patient_reference, 'version', c.version,"
    " 'active', c.active, 'names', c.names, 'display', c.display, 'mrn', c.mrn,"
    " 'mrn_system', c.mrn_system, 'mrn_assigner', c.mrn_assigner,"
    " 'birth_date', c.birth_date, 'gender', c.gender, 'deceased', c.deceased)"
)


async def find(
    tx: Transaction, principal: Principal | None, query: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """The worklist items that satisfy a query identifier, with the keys it asks for.

    `query` and the answers are DICOM JSON. Without a Scheduled Procedure Step Status only the
    steps still to be done are told. At most `page_count` items.
    """
    principal = require(principal, "worklist.read")
    step_keys = _step_keys(query)
    rows = await _candidates(tx, principal, query, step_keys)
    station = _asked_station(principal, step_keys)
    found = []
    for row in rows:
        card = Card(**row.pop("card"))
        item = worklist_item(
            Step(**{name: row[name] for name in NAMES}),
            card,
            issuer=issuer_of(card.mrn_system, tx.settings.default_assigner, tx.settings.assigners),
            station=station,
            time_zone=tx.settings.time_zone,
        )
        if matches(query, item):
            found.append({"00080005": item["00080005"], **select(query, item)})
    await audit.record(
        tx, principal, "E", audit.kinds.QUERY, detail={"of": "worklist", "found": len(found)}
    )
    # Whatever the query's own character set, names of any script are answered in UTF-8.
    return [{**item, "00080005": {"vr": "CS", "Value": ["ISO_IR 192"]}} for item in found]


def _step_keys(query: Mapping[str, Any]) -> Mapping[str, Any]:
    items = [item for item in (query.get("00400100") or {}).get("Value") or [] if item]
    return items[0] if items else {}


async def _candidates(
    tx: Transaction, principal: Principal, query: Mapping[str, Any], step_keys: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """Rows narrowed by what the database can tell; `matches` has the last word."""
    status = [str(value) for value in values(step_keys.get("00400020", {}))] or list(OPEN)
    where = every(
        [
            patient_predicate(principal, "s.patient_reference"),
            Predicate("s.status = ANY(%s)", (status,)),
            *_exactly("s.modality", step_keys.get("00080060")),
            *_exactly("s.step_id", step_keys.get("00400009")),
            *_exactly("s.study_instance_uid", query.get("0020000D")),
            *_exactly("s.accession_number", query.get("00080050")),
            *_exactly("c.mrn", query.get("00100020")),
            *_station(step_keys.get("00400001")),
            *_days(tx, step_keys.get("00400002")),
        ]
    )
    return await tx.fetch_all(
        f"SELECT {COLUMNS}, {CARD} AS card FROM procedure_step s"
        " JOIN patient_card c USING (patient_reference)"
        f" WHERE {where.sql} ORDER BY s.scheduled, s.step_id LIMIT %s",
        (*where.params, tx.settings.page_count),
    )


def _exactly(column: str, key: Mapping[str, Any] | None) -> list[Predicate]:
    wanted = [str(value).strip() for value in values(key or {})]
    if not wanted or any(re.search(r"[*?]", value) for value in wanted):
        return []
    return [Predicate(f"{column} = ANY(%s)", (wanted,))]


def _station(key: Mapping[str, Any] | None) -> list[Predicate]:
    return [
        exact | Predicate("s.station_ae_title IS NULL")
        for exact in _exactly("s.station_ae_title", key)
    ]


def _days(tx: Transaction, key: Mapping[str, Any] | None) -> list[Predicate]:
    zone = ZoneInfo(tx.settings.time_zone) if tx.settings.time_zone else None
    predicates = []
    for wanted in values(key or {})[:1]:
        low, high = date_range(str(wanted))
        if start := _midnight(low, zone):
            predicates.append(Predicate("s.scheduled >= %s", (start,)))
        if end := _midnight(high, zone):
            predicates.append(Predicate("s.scheduled < %s", (end + timedelta(days=1),)))
    return predicates


def _midnight(day: str, zone: ZoneInfo | None) -> datetime | None:
    try:
        midnight = datetime.strptime(day.replace(".", ""), "%Y%m%d")
    except ValueError:
        return None
    return midnight.replace(tzinfo=zone) if zone else midnight.astimezone()


def _asked_station(principal: Principal, step_keys: Mapping[str, Any]) -> str:
    """The station an unassigned step is told to be for: the one asked about, else the asker."""
    for value in values(step_keys.get("00400001", {})):
        if not re.search(r"[*?]", str(value)):
            return str(value)
    return principal.name if principal.kind == "node" else ANY_STATION
