"""What a modality finds in its worklist (PS3.4 K.6)."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.care.builders import a_patient, an_order, modality, name, user
from vesalius.care import orders
from vesalius.imaging import worklist
from vesalius.kit.errors import Forbidden
from vesalius.kit.transaction import Transaction
from vesalius.stores import access

NOON = datetime(2026, 12, 1, 12, 30, tzinfo=UTC)


def query(step: dict[str, Any] | None = None, **top: Any) -> dict[str, Any]:
    """A worklist identifier: keys by tag, values or nothing."""

    def element(value: Any) -> dict[str, Any]:
        return {"vr": "LO"} if value is None else {"vr": "LO", "Value": [value]}

    asked = {tag.lstrip("t"): element(value) for tag, value in top.items()}
    step_keys = {
        "00080060": {"vr": "CS"},
        "00400001": {"vr": "AE"},
        "00400002": {"vr": "DA"},
        "00400003": {"vr": "TM"},
        "00400009": {"vr": "SH"},
    }
    for tag, value in (step or {}).items():
        step_keys[tag] = {"vr": step_keys.get(tag, {"vr": "LO"})["vr"], "Value": [value]}
    return {
        "00100010": {"vr": "PN"},
        "00100020": {"vr": "LO"},
        "00080050": {"vr": "SH"},
        "0020000D": {"vr": "UI"},
        **asked,
        "00400100": {"vr": "SQ", "Value": [step_keys]},
    }


@pytest.fixture
async def order(tx: Transaction) -> orders.Order:
    """A CT of the head, unassigned, for 1 December at half past twelve UTC."""
    tx.settings = tx.settings.model_copy(update={"time_zone": "Europe/Paris"})
    ada = await a_patient(tx, name("Yamada", "Tarou"), name("山田", "太郎"), mrn="4711")
    order = await an_order(tx, ada, scheduled=NOON)
    await worklist.schedule(tx, order.order_reference)
    return order


async def test_an_item_tells_patient_order_and_step(tx: Transaction, order: orders.Order) -> None:
    step = await worklist.step_of_order(tx, order.order_reference)
    assert step is not None
    [item] = await worklist.find(tx, modality("CT1"), query())
    assert item["00100010"]["Value"] == [{"Alphabetic": "Yamada^Tarou", "Ideographic": "山田^太郎"}]
    assert item["00100020"]["Value"] == ["4711"]
    assert item["00080050"]["Value"] == [order.accession_number]
    assert item["0020000D"]["Value"] == [step.study_instance_uid]
    assert item["00080005"]["Value"] == ["ISO_IR 192"]
    [told] = item["00400100"]["Value"]
    assert told["00080060"]["Value"] == ["CT"]
    assert told["00400001"]["Value"] == ["CT1"], "an unassigned step is its asker's"
    assert told["00400002"]["Value"] == ["20261201"]
    assert told["00400003"]["Value"] == ["133000"], "on the site's clock"


@pytest.mark.parametrize(
    "asked",
    [
        query(),
        query({"00080060": "CT"}),
        query({"00400001": "CT1"}),
        query({"00400002": "20261201"}),
        query({"00400002": "20261201-20261201"}),
        query({"00400002": "20261130-"}),
        query({"00400002": "-20261201"}),
        query({"00400003": "1300-1400"}),
        query(t00100020="4711"),
        query(t00100020="47*"),
        query(t00100020="471?"),
        {**query(), "00100010": {"vr": "PN", "Value": [{"Alphabetic": "yamada*"}]}},
        {**query(), "00100010": {"vr": "PN", "Value": [{"Alphabetic": "Y*^T*"}]}},
        {**query(), "00100010": {"vr": "PN", "Value": [{"Ideographic": "山田*"}]}},
        {**query(), "00100010": {"vr": "PN", "Value": [{"Alphabetic": "*"}]}},
    ],
)
async def test_matching(tx: Transaction, order: orders.Order, asked: dict[str, Any]) -> None:
    assert len(await worklist.find(tx, modality(), asked)) == 1


@pytest.mark.parametrize(
    "asked",
    [
        query({"00080060": "MR"}),
        query({"00400002": "20261202"}),
        query({"00400002": "20261202-"}),
        query({"00400002": "-20261130"}),
        query({"00400003": "1400-1500"}),
        query({"00400020": "COMPLETED"}),
        query(t00100020="4712"),
        query(t00100020="7*"),
        query(t00080050="V1"),
        query(t0020000D="1.2.3"),
        {**query(), "00100010": {"vr": "PN", "Value": [{"Alphabetic": "Yamada"}]}},
        {**query(), "00100010": {"vr": "PN", "Value": [{"Alphabetic": "Tanaka*"}]}},
    ],
)
async def test_not_matching(tx: Transaction, order: orders.Order, asked: dict[str, Any]) -> None:
    assert await worklist.find(tx, modality(), asked) == []


async def test_only_what_is_asked_for_is_told(tx: Transaction, order: orders.Order) -> None:
    asked = {"00100020": {"vr": "LO"}, "00189999": {"vr": "LO"}}
    [item] = await worklist.find(tx, modality(), asked)
    assert set(item) == {"00080005", "00100020", "00189999"}
    assert "Value" not in item["00189999"]


async def test_an_empty_sequence_asks_for_all_of_it(tx: Transaction, order: orders.Order) -> None:
    [item] = await worklist.find(tx, modality(), {"00400100": {"vr": "SQ"}})
    [step] = item["00400100"]["Value"]
    assert step["00400007"]["Value"] == ["CT head"]


async def test_a_step_of_another_station_is_not_offered(tx: Transaction) -> None:
    ada = await a_patient(tx)
    order = await an_order(tx, ada, station="CT2")
    await worklist.schedule(tx, order.order_reference)
    assert await worklist.find(tx, modality("CT1"), query({"00400001": "CT1"})) == []
    assert len(await worklist.find(tx, modality("CT2"), query({"00400001": "CT2"}))) == 1
    assert len(await worklist.find(tx, modality("CT1"), query())) == 1


@pytest.mark.parametrize(
    ("names", "groups"),
    [
        ([name("عبد الله", "محمد")], {"Alphabetic": "عبد الله^محمد"}),
        ([name("Иванов", "Пётр", "Ильич")], {"Alphabetic": "Иванов^Пётр^Ильич"}),
        ([name("やまだ", "たろう")], {"Phonetic": "やまだ^たろう"}),
        ([name("홍", "길동")], {"Ideographic": "홍^길동"}),
        ([name("A^B", "C=D")], {"Alphabetic": "A B^C D"}),
    ],
)
async def test_names_of_every_script(
    tx: Transaction, names: list[dict[str, Any]], groups: dict[str, str]
) -> None:
    order = await an_order(tx, await a_patient(tx, *names))
    await worklist.schedule(tx, order.order_reference)
    [item] = await worklist.find(tx, modality(), query())
    assert item["00100010"]["Value"] == [groups]


async def test_a_restricted_patient_is_not_on_the_worklist(
    tx: Transaction, order: orders.Order
) -> None:
    await access.restrict(tx, access.SYSTEM, order.patient_reference, True)
    assert await worklist.find(tx, modality(), query()) == []


async def test_a_cancelled_order_is_not_on_the_worklist(
    tx: Transaction, order: orders.Order
) -> None:
    await orders.cancel(tx, user(), order.order_reference, "mistake")
    await worklist.withdraw(tx, order.order_reference)
    assert await worklist.find(tx, modality(), query()) == []


async def test_who_may_not_ask_is_refused(tx: Transaction) -> None:
    with pytest.raises(Forbidden):
        await worklist.find(tx, user(permissions=frozenset()), query())


async def test_scheduling_again_brings_the_step_up_to_date(
    tx: Transaction, order: orders.Order
) -> None:
    from vesalius.stores import record

    before = await worklist.step_of_order(tx, order.order_reference)
    assert before is not None
    assert await worklist.schedule(tx, order.order_reference) == before
    current = await record.read(tx, user(), "ServiceRequest", order.order_reference)
    later = (NOON + timedelta(days=1)).isoformat()
    moved = {**current.json(), "occurrenceDateTime": later}
    await record.update(tx, user(), "ServiceRequest", order.order_reference, moved)
    await orders.adopt(tx, order.order_reference)
    after = await worklist.schedule(tx, order.order_reference)
    assert after is not None
    assert after.scheduled == NOON + timedelta(days=1)
    assert after.study_instance_uid == before.study_instance_uid
    assert after.step_id == before.step_id
