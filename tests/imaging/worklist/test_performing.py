"""What a modality reports of its steps (PS3.4 F.7)."""

from typing import Any

import pytest

from tests.care.builders import a_patient, an_order, modality, user
from vesalius.imaging import worklist
from vesalius.imaging.worklist import Step
from vesalius.kit.errors import Forbidden, Invalid
from vesalius.kit.transaction import Transaction
from vesalius.stores import record

MPPS = "1.2.3.4"


def one(vr: str, value: Any) -> dict[str, Any]:
    return {"vr": vr, "Value": [value]}


def begun(step: Step, mrn: str = "4711") -> dict[str, Any]:
    """An N-CREATE of a step."""
    scheduled = {
        "0020000D": one("UI", step.study_instance_uid),
        "00080050": one("SH", step.accession_number),
        "00400009": one("SH", step.step_id),
    }
    return {
        "00400270": one("SQ", scheduled),
        "00100020": one("LO", mrn),
        "00400253": one("SH", "P1"),
        "00400241": one("AE", "CT1"),
        "00400244": one("DA", "20261124"),
        "00400245": one("TM", "1000"),
        "00400252": one("CS", "IN PROGRESS"),
        "00080060": one("CS", "CT"),
    }


def ended(status: str) -> dict[str, Any]:
    return {"00400252": one("CS", status), "00400250": one("DA", "20261124")}


@pytest.fixture
async def step(tx: Transaction) -> Step:
    order = await an_order(tx, await a_patient(tx, mrn="4711"))
    step = await worklist.schedule(tx, order.order_reference)
    assert step is not None
    return step


async def state(tx: Transaction, step: Step) -> tuple[str, str]:
    """The step's own status and its Task's."""
    now = await worklist.step_of_order(tx, step.order_reference)
    assert now is not None
    assert now.task_reference is not None
    task = await record.read(tx, user(), "Task", now.task_reference)
    return now.status, task.json()["status"]


async def told(tx: Transaction) -> list[str]:
    await tx.flush()
    rows = await tx.fetch_all(
        "SELECT name FROM outbox WHERE name IN ('StepBegun', 'StepEnded') ORDER BY id"
    )
    return [row["name"] for row in rows]


async def test_begin_and_complete(tx: Transaction, step: Step) -> None:
    assert await state(tx, step) == ("SCHEDULED", "ready")
    await worklist.begin_step(tx, modality(), MPPS, begun(step))
    assert await state(tx, step) == ("IN PROGRESS", "in-progress")
    await worklist.change_step(tx, modality(), MPPS, {"00400254": one("LO", "Head")})
    assert await state(tx, step) == ("IN PROGRESS", "in-progress")
    await worklist.change_step(tx, modality(), MPPS, ended("COMPLETED"))
    assert await state(tx, step) == ("COMPLETED", "completed")
    assert await told(tx) == ["StepBegun", "StepEnded"]
    kept = await tx.fetch_value(
        "SELECT dataset FROM performed_step WHERE sop_instance_uid = %s", (MPPS,)
    )
    assert kept["00400254"]["Value"] == ["Head"]


async def test_discontinued_can_be_done_again(tx: Transaction, step: Step) -> None:
    await worklist.begin_step(tx, modality(), MPPS, begun(step))
    await worklist.change_step(tx, modality(), MPPS, ended("DISCONTINUED"))
    assert await state(tx, step) == ("DISCONTINUED", "failed")
    await worklist.begin_step(tx, modality(), MPPS + ".2", begun(step))
    assert await state(tx, step) == ("IN PROGRESS", "in-progress")


async def test_a_duplicate_is_refused(tx: Transaction, step: Step) -> None:
    await worklist.begin_step(tx, modality(), MPPS, begun(step))
    with pytest.raises(worklist.DuplicateStep):
        await worklist.begin_step(tx, modality(), MPPS, begun(step))


@pytest.mark.parametrize("final", ["COMPLETED", "DISCONTINUED"])
async def test_a_final_step_stays(tx: Transaction, step: Step, final: str) -> None:
    await worklist.begin_step(tx, modality(), MPPS, begun(step))
    await worklist.change_step(tx, modality(), MPPS, ended(final))
    with pytest.raises(worklist.StepIsFinal):
        await worklist.change_step(tx, modality(), MPPS, ended("COMPLETED"))


async def test_an_unknown_step_is_refused(tx: Transaction) -> None:
    with pytest.raises(worklist.UnknownStep):
        await worklist.change_step(tx, modality(), MPPS, ended("COMPLETED"))


@pytest.mark.parametrize("tag", ["00400270", "00400253", "00400241", "00400252", "00080060"])
async def test_a_missing_attribute_is_named(tx: Transaction, step: Step, tag: str) -> None:
    dataset = begun(step)
    del dataset[tag]
    with pytest.raises(worklist.MissingAttribute):
        await worklist.begin_step(tx, modality(), MPPS, dataset)


async def test_wrong_states_are_refused(tx: Transaction, step: Step) -> None:
    with pytest.raises(Invalid):
        await worklist.begin_step(tx, modality(), MPPS, {**begun(step), **ended("COMPLETED")})
    await worklist.begin_step(tx, modality(), MPPS, begun(step))
    with pytest.raises(Invalid):
        await worklist.change_step(tx, modality(), MPPS, ended("DONE"))


async def test_another_patient_under_this_step_is_kept_apart(tx: Transaction, step: Step) -> None:
    await worklist.begin_step(tx, modality(), MPPS, begun(step, mrn="9999"))
    assert await state(tx, step) == ("SCHEDULED", "ready")
    assert await told(tx) == []


async def test_an_unscheduled_exam_is_kept(tx: Transaction, step: Step) -> None:
    dataset = begun(step)
    dataset["00400270"] = one("SQ", {"0020000D": one("UI", "9.9.9")})
    await worklist.begin_step(tx, modality(), MPPS, dataset)
    await worklist.change_step(tx, modality(), MPPS, ended("COMPLETED"))
    assert await told(tx) == []


async def test_who_may_not_report_is_refused(tx: Transaction, step: Step) -> None:
    with pytest.raises(Forbidden):
        await worklist.begin_step(tx, user(permissions=frozenset()), MPPS, begun(step))
