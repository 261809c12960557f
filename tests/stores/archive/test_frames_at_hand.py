"""Frames found a moment ago are at hand, and gone the moment anything about access changes."""

import asyncio

import pytest

from tests.stores.archive.building import part10, series_of, store_file
from vesalius.app import House
from vesalius.kit.errors import Forbidden, NotFound
from vesalius.stores import access, archive
from vesalius.stores.access import SYSTEM, Principal, remembering

READER = Principal(
    kind="user",
    name="nora",
    display="Nora",
    roles=frozenset({"radiologist"}),
    permissions=frozenset({"study.read", "patient.any"}),
    sees_all_patients=True,
)


async def stored_series(house: House, count: int) -> list[tuple[str, str, str]]:
    stored = [await store_file(house, part10(dataset)) for dataset in series_of(count)]
    return [(s.study_instance_uid, s.series_instance_uid, s.sop_instance_uid) for s in stored]


async def ask(house: House, uids: tuple[str, str, str]) -> list[archive.FrameRange]:
    async with house.database.reading() as tx:
        return await archive.frames(tx, READER, *uids, [1])


async def test_the_next_ones_are_found_with_the_second(house: House, listening: None) -> None:
    uids = await stored_series(house, 5)
    await ask(house, uids[1])
    assert archive.frames_at_hand(READER, *uids[1], [1]) is None, "one frame is no series"
    second = await ask(house, uids[2])
    assert archive.frames_at_hand(READER, *uids[2], [1]) == second
    assert archive.frames_at_hand(READER, *uids[0], [1]) is None, "those before were not asked for"
    for each in uids[3:]:
        at_hand = archive.frames_at_hand(READER, *each, [1])
        assert at_hand is not None
        [frame], [found] = at_hand, await ask(house, each)
        assert await archive.read_frame(house.blobs, frame) == await archive.read_frame(
            house.blobs, found
        )
    assert archive.frames_at_hand(READER, *uids[3], [2]) is None
    assert archive.frames_at_hand(SYSTEM, *uids[3], [1]) is None, "found for somebody else"
    nobody = Principal("user", "x", "X", frozenset(), frozenset())
    with pytest.raises(Forbidden):
        archive.frames_at_hand(nobody, *uids[3], [1])


@pytest.mark.parametrize("change", ["restricted", "moved", "another request"])
async def test_gone_when_access_changes(house: House, listening: None, change: str) -> None:
    uids = await stored_series(house, 3)
    study = uids[0][0]
    async with house.database.transaction() as tx:
        await archive.attach(tx, SYSTEM, study, "p1")
    async with asyncio.timeout(5):
        # The news of the attachment is on its way too: until it was heard nothing stays.
        while archive.frames_at_hand(READER, *uids[1], [1]) is None:
            await ask(house, uids[0])
            await ask(house, uids[1])
    if change == "another request":
        remembering.recall(remembering.Credentials("POST", bearer="x"))
        assert archive.frames_at_hand(READER, *uids[1], [1]) is None
        return
    async with house.database.transaction() as tx:
        if change == "restricted":
            await access.restrict(tx, SYSTEM, "p1", True)
        else:
            await archive.attach(tx, SYSTEM, study, "p2")
    async with asyncio.timeout(5):
        while archive.frames_at_hand(READER, *uids[1], [1]) is not None:
            await asyncio.sleep(0.005)
    if change == "restricted":
        with pytest.raises(NotFound):
            await ask(house, uids[1])


async def test_nothing_is_at_hand_while_changes_are_not_heard(house: House) -> None:
    uids = await stored_series(house, 2)
    for each in uids:
        await ask(house, each)
    assert archive.frames_at_hand(READER, *uids[1], [1]) is None
