"""One axis, newest first, nothing lost between pages."""

import time
from typing import Any

import pytest

from tests.care.builders import a_patient, name, user
from vesalius.care.patients import Card, timeline
from vesalius.kit.errors import Invalid, NotFound
from vesalius.kit.transaction import Transaction
from vesalius.stores import access, record


async def observe(tx: Transaction, patient: Card, when: str, title: str) -> None:
    body: dict[str, Any] = {
        "resourceType": "Observation",
        "status": "final",
        "code": {"text": title},
        "subject": {"reference": f"Patient/{patient.patient_reference}"},
        "effectiveDateTime": when,
        "valueString": "x",
    }
    await record.create(tx, user(), "Observation", body)


async def encounter(tx: Transaction, patient: Card, when: str) -> None:
    body: dict[str, Any] = {
        "resourceType": "Encounter",
        "status": "finished",
        "class": {"code": "AMB"},
        "type": [{"text": "Visit"}],
        "subject": {"reference": f"Patient/{patient.patient_reference}"},
        "period": {"start": when},
    }
    await record.create(tx, user(), "Encounter", body)


async def test_kinds_stand_on_one_axis(tx: Transaction) -> None:
    ada = await a_patient(tx)
    await observe(tx, ada, "2026-01-02T10:00:00Z", "Cr")
    await encounter(tx, ada, "2026-01-03T10:00:00Z")
    await observe(tx, ada, "2026-01-04", "K")
    entries = await timeline(tx, user(), ada.patient_reference)
    assert [(e["kind"], e["title"]) for e in entries] == [
        ("result", "K"),
        ("encounter", "Visit"),
        ("result", "Cr"),
    ]


async def test_pages_lose_and_repeat_nothing(tx: Transaction) -> None:
    ada = await a_patient(tx)
    other = await a_patient(tx, name("Byron", "Anne"))
    await observe(tx, other, "2026-01-01", "not hers")
    for number in range(25):
        # Crowded moments: five entries each.
        await observe(tx, ada, f"2026-01-{1 + number // 5:02}T10:00:00+02:00", f"o{number}")
    for day in range(1, 4):
        await encounter(tx, ada, f"2026-01-0{day}T08:00:00Z")
    seen: list[str] = []
    before = None
    while page := await timeline(tx, user(), ada.patient_reference, before=before, limit=4):
        assert len(page) <= 4
        seen += [entry["reference"] for entry in page]
        before = page[-1]["cursor"]
    assert len(seen) == len(set(seen)) == 28


async def test_a_broken_cursor_is_refused(tx: Transaction) -> None:
    ada = await a_patient(tx)
    with pytest.raises(Invalid):
        await timeline(tx, user(), ada.patient_reference, before="yesterday")


async def test_a_restricted_chart_is_not_there(tx: Transaction) -> None:
    ada = await a_patient(tx)
    await access.restrict(tx, access.SYSTEM, ada.patient_reference, True)
    with pytest.raises(NotFound):
        await timeline(tx, user(), ada.patient_reference)


async def test_kinds_one_may_not_read_are_left_out(tx: Transaction) -> None:
    ada = await a_patient(tx)
    await observe(tx, ada, "2026-01-02", "Cr")
    await encounter(tx, ada, "2026-01-03T10:00:00Z")
    desk = user(permissions=frozenset({"record.read:Patient", "record.read:Encounter"}))
    entries = await timeline(tx, desk, ada.patient_reference)
    assert [entry["kind"] for entry in entries] == ["encounter"]


async def test_a_long_chart_opens_quickly(tx: Transaction) -> None:
    """The promise is 300 ms; the limit here is wide, for a machine that does other things too."""
    ada = await a_patient(tx)
    for number in range(300):
        await observe(tx, ada, f"2025-{1 + number % 12:02}-{1 + number % 28:02}T10:00:00Z", "o")
    start = time.perf_counter()
    entries = await timeline(tx, user(), ada.patient_reference)
    assert len(entries) == 50
    assert time.perf_counter() - start < 2
