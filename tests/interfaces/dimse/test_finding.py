"""C-FIND as provider, through our own user (PS3.4 Annex C)."""

from pathlib import Path
from typing import Any

import pytest
from pydicom.uid import generate_uid

from tests.interfaces.dimse import instances
from tests.interfaces.dimse.conftest import Door
from tests.nodes import admit
from vesalius.exchange import routing
from vesalius.interfaces.dimse import c_find, requestor, sop_classes
from vesalius.interfaces.dimse.negotiation import Proposal
from vesalius.kit.errors import Unavailable

DataSet = dict[str, Any]


async def find(
    door: Door,
    level: str,
    keys: DataSet,
    *,
    root: str = sop_classes.STUDY_ROOT_FIND,
    limit: int | None = None,
) -> list[DataSet]:
    identifier = {"00080052": {"vr": "CS", "Value": [level]}, **keys}
    return await routing.network().find(door.house, door.peer, root, identifier, limit=limit)


def element(vr: str, *values: Any) -> DataSet:
    return {"vr": vr, "Value": list(values)} if values else {"vr": vr}


def value(data_set: DataSet, tag: str) -> Any:
    return (data_set[tag].get("Value") or [None])[0]


@pytest.fixture
async def mrn(door: Door, tmp_path: Path) -> str:
    """A patient of two studies, of three and of one slice."""
    mrn = f"M{generate_uid()[-12:]}"
    files = [
        path
        for count in (3, 1)
        for path in instances.write(tmp_path, instances.slices(count, mrn=mrn))
    ]
    sent = [s async for s in routing.network().send_files(door.house, door.peer, files)]
    assert all(each.status == 0 for each in sent)
    return mrn


class TestLevels:
    async def test_patient(self, door: Door, mrn: str) -> None:
        keys = {
            "00100020": element("LO", mrn),
            "00100010": element("PN"),
            "00201200": element("IS"),
        }
        (match,) = await find(door, "PATIENT", keys, root=sop_classes.PATIENT_ROOT_FIND)
        assert value(match, "00100010") == {"Alphabetic": "Müller^Änne"}
        assert int(value(match, "00201200")) == 2

    async def test_study(self, door: Door, mrn: str) -> None:
        keys = {
            "00100020": element("LO", mrn),
            "0020000D": element("UI"),
            "00201208": element("IS"),
            "00080061": element("CS"),
            "00080054": element("AE"),
            "00080056": element("CS"),
        }
        matches = await find(door, "STUDY", keys)
        assert sorted(int(value(match, "00201208")) for match in matches) == [1, 3]
        for match in matches:
            assert value(match, "00080061") == "CT"
            assert value(match, "00080054") == "VESALIUS"
            assert value(match, "00080056") == "ONLINE"
            assert value(match, "00080052") == "STUDY"

    async def test_series_and_image(self, door: Door, mrn: str) -> None:
        keys = {"00100020": element("LO", mrn), "0020000D": element("UI")}
        for study in await find(door, "STUDY", keys):
            below = {"0020000D": study["0020000D"], "0020000E": element("UI")}
            (series,) = await find(door, "SERIES", below)
            images = await find(
                door,
                "IMAGE",
                {**below, "0020000E": series["0020000E"], "00080018": element("UI")},
            )
            assert len({value(image, "00080018") for image in images}) == len(images) > 0

    async def test_wild_card_without_accents(self, door: Door, mrn: str) -> None:
        keys = {"00100020": element("LO", mrn), "00100010": element("PN", {"Alphabetic": "mull*"})}
        assert len(await find(door, "STUDY", keys)) == 2

    async def test_nobody(self, door: Door) -> None:
        assert await find(door, "STUDY", {"00100020": element("LO", "NOBODY")}) == []


class TestRefused:
    async def test_no_level(self, door: Door) -> None:
        with pytest.raises(Unavailable, match="A900"):
            await find(door, "", {})

    async def test_patient_level_in_study_root(self, door: Door) -> None:
        with pytest.raises(Unavailable, match="A900"):
            await find(door, "PATIENT", {})

    async def test_malformed_date(self, door: Door) -> None:
        with pytest.raises(Unavailable, match="A900"):
            await find(door, "STUDY", {"00080020": element("DA", "yesterday")})

    async def test_node_that_may_not(self, door: Door) -> None:
        title = f"N{generate_uid()[-10:]}"
        await admit(door.house, title, may=frozenset({"store"}))
        peer = routing.Peer("VESALIUS", "127.0.0.1", door.port, title)
        with pytest.raises(Unavailable, match="0124"):
            await routing.network().find(
                door.house,
                peer,
                sop_classes.STUDY_ROOT_FIND,
                {"00080052": element("CS", "STUDY")},
            )


class TestCancel:
    async def test_many_matches(self, door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
        """A peer that has enough says C-CANCEL and gets FE00, not the rest."""
        match = {"0020000D": element("UI", "1.2.3"), "00100010": element("PN", {"Alphabetic": "A"})}

        async def endless(*_: Any) -> Any:
            for _number in range(30_000):
                yield match

        monkeypatch.setattr("vesalius.stores.archive.find_each", endless)
        root = sop_classes.STUDY_ROOT_FIND
        identifier = {"00080052": element("CS", "STUDY"), "0020000D": element("UI")}
        async with requestor.associate(door.address, [Proposal(root)], door.limits) as association:
            outcome, matches = await c_find.ask(
                association, door.limits, root, identifier, limit=10
            )
        assert len(matches) == 10
        assert outcome.status == 0xFE00

    async def test_query_is_in_the_audit_trail(self, door: Door, mrn: str) -> None:
        await find(door, "STUDY", {"00100020": element("LO", mrn)})
        async with door.house.database.transaction() as tx:
            row = await tx.fetch_one(
                "SELECT principal_name, detail FROM audit_event WHERE kind = 'Query'"
                " ORDER BY id DESC LIMIT 1"
            )
        assert row is not None
        assert row["principal_name"] == "TESTER"
        assert row["detail"] == {"of": "STUDY", "keys": ["00100020"], "found": 2}
