"""Nothing of a hidden patient comes out of any verb, and nothing of others stays in.

Generated records and searches against a brute-force oracle that applies the policy to Python
objects: searches, counts, includes, chains, `_has`, history, `$everything`, reads, bundles.
"""

import asyncio
import random
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from vesalius.kit.errors import Forbidden, NotFound
from vesalius.standards import fhir
from vesalius.stores import access, record
from vesalius.stores.access import SYSTEM, Principal

PATIENTS = [f"p{i}" for i in range(6)]
RESTRICTED = {"p1", "p4"}
CODES = ["a", "b", "c"]
DAYS = ["2024-01-01", "2024-02-01", "2024-03-01", "2024-04"]
EVERY_TYPE = frozenset({"record.read:*", "record.write:*"})


def principal(name: str, **facts: Any) -> Principal:
    facts.setdefault("permissions", EVERY_TYPE)
    return Principal(kind="user", name=name, display=name, roles=frozenset(), **facts)


PRINCIPALS = [
    SYSTEM,
    principal("doctor", sees_all_patients=True),
    principal("granted", sees_all_patients=True, granted_patients=frozenset({"p1"})),
    principal("trusted", sees_all_patients=True, sees_restricted=True),
    principal("self", own_patients=frozenset({"p0"})),
    principal("hidden-self", own_patients=frozenset({"p1"})),
    principal("parent", own_patients=frozenset({"p0", "p4"})),
    principal("stranger"),
    principal(
        "clerk",
        sees_all_patients=True,
        permissions=frozenset({"record.read:Patient", "record.read:Observation"}),
    ),
]


@dataclass
class World:
    """What was stored, by `Type/id`."""

    resources: dict[str, dict] = field(default_factory=dict)

    def seen_by(self, who: Principal, kind: str | None = None) -> dict[str, dict]:
        return {
            name: body
            for name, body in self.resources.items()
            if kind in (None, body["resourceType"]) and may_see(who, body)
        }


def may_see(who: Principal, body: dict) -> bool:
    """The policy, said once more, by hand."""
    kind = body["resourceType"]
    if not (who.kind == "system" or {"record.read:*", f"record.read:{kind}"} & who.permissions):
        return False
    patients = fhir.patients_of(body)
    if not patients:
        return who.sees_all_patients or kind in ("Practitioner", "Organization")
    return all(may_see_patient(who, p) for p in patients)


def may_see_patient(who: Principal, patient: str) -> bool:
    if patient in who.own_patients:
        return True
    hidden = patient in RESTRICTED and patient not in who.granted_patients
    return who.sees_all_patients and (who.sees_restricted or not hidden)


def make_world(seed: int) -> World:
    """Patients, and whatever refers to them in many ways."""
    chance = random.Random(seed)
    bodies: list[dict] = [{"resourceType": "Practitioner", "id": "d0"}]
    bodies += [
        {
            "resourceType": "Patient",
            "id": p,
            "gender": chance.choice(["male", "female"]),
            "link": [
                {"other": {"reference": f"Patient/{chance.choice(PATIENTS)}"}, "type": "seealso"}
            ],
        }
        for p in PATIENTS
    ]
    for i in range(14):
        observation = {
            "resourceType": "Observation",
            "id": f"o{i}",
            "status": "final",
            "code": {"coding": [{"system": "urn:s", "code": chance.choice(CODES)}]},
            "effectiveDateTime": chance.choice(DAYS),
            "performer": [{"reference": "Practitioner/d0"}],
        }
        if chance.random() < 0.9:
            observation["subject"] = {"reference": f"Patient/{chance.choice(PATIENTS)}"}
        if chance.random() < 0.2:
            observation["performer"] = [{"reference": f"Patient/{chance.choice(PATIENTS)}"}]
        if i and chance.random() < 0.5:
            observation["hasMember"] = [{"reference": f"Observation/o{chance.randrange(i)}"}]
        bodies.append(observation)
    for i in range(4):
        actors = chance.sample(PATIENTS, chance.choice([1, 2, 3]))
        bodies.append(
            {
                "resourceType": "Appointment",
                "id": f"a{i}",
                "status": "booked",
                "participant": [
                    {"actor": {"reference": f"Patient/{p}"}, "status": "accepted"} for p in actors
                ],
            }
        )
    bodies.append(
        {
            "resourceType": "List",
            "id": "l0",
            "status": "current",
            "mode": "working",
            "entry": [{"item": {"reference": f"Observation/o{i}"}} for i in range(14)],
        }
    )
    return World({f"{b['resourceType']}/{b['id']}": b for b in bodies})


async def store(tx: Any, world: World) -> None:
    for body in world.resources.values():
        await record.update(tx, SYSTEM, body["resourceType"], body["id"], body)
    for patient in RESTRICTED:
        await access.restrict(tx, SYSTEM, patient, True)


def references(body: Any) -> set[str]:
    """Every literal reference in a resource."""
    if isinstance(body, list):
        return {r for item in body for r in references(item)}
    if isinstance(body, dict):
        own = {body["reference"]} if isinstance(body.get("reference"), str) else set()
        return own | {r for item in body.values() for r in references(item)}
    return set()


class Search:
    """A search of Observations as parameters and as a Python condition."""

    def __init__(self, parameters: list[tuple[str, str]]) -> None:
        self.parameters = parameters

    def __repr__(self) -> str:
        return "&".join(f"{n}={v}" for n, v in self.parameters)

    def meets(self, world: World, who: Principal, body: dict) -> bool:
        return all(self._meets(world, who, body, n, v) for n, v in self.parameters)

    def _meets(self, world: World, who: Principal, body: dict, name: str, value: str) -> bool:
        code = body["code"]["coding"][0]["code"]
        subject = body.get("subject", {}).get("reference", "")
        seen = world.seen_by(who)
        if name == "code":
            return code in [v.rpartition("|")[2] for v in value.split(",")]
        if name == "code:not":
            return code != value
        if name in ("patient", "subject"):
            return subject == f"Patient/{value.removeprefix('Patient/')}"
        if name == "performer":
            return value in [p["reference"] for p in body["performer"]]
        if name == "subject:missing":
            return (not subject) == (value == "true")
        if name == "date":
            first, last = fhir.date_range(body["effectiveDateTime"])
            low, high = fhir.date_range(value[2:])
            if value[:2] == "ge":
                return last > high or (first >= low and last <= high)
            return first < low
        if name == "subject:Patient.gender":
            return subject in seen and seen[subject]["gender"] == value
        if name == "_has:Observation:has-member:code":
            me = f"Observation/{body['id']}"
            return any(
                b["resourceType"] == "Observation"
                and b["code"]["coding"][0]["code"] == value
                and me in [m["reference"] for m in b.get("hasMember", [])]
                for b in seen.values()
            )
        raise AssertionError(name)


CRITERION = st.one_of(
    st.tuples(st.just("code"), st.sampled_from([*CODES, "a,b", "urn:s|a", "urn:s|b,c"])),
    st.tuples(st.just("code:not"), st.sampled_from(CODES)),
    st.tuples(st.just("patient"), st.sampled_from([*PATIENTS, "Patient/p1", "nobody"])),
    st.tuples(st.just("subject"), st.sampled_from([f"Patient/{p}" for p in PATIENTS])),
    st.tuples(
        st.just("performer"), st.sampled_from(["Practitioner/d0", "Patient/p1", "Patient/p0"])
    ),
    st.tuples(st.just("subject:missing"), st.sampled_from(["true", "false"])),
    st.tuples(
        st.just("date"), st.sampled_from(["ge2024-02", "lt2024-03-01", "ge2024-04-15", "lt2024"])
    ),
    st.tuples(st.just("subject:Patient.gender"), st.sampled_from(["male", "female"])),
    st.tuples(st.just("_has:Observation:has-member:code"), st.sampled_from(CODES)),
)


@pytest.fixture
async def stored(tx):
    """A world in a transaction that is rolled back."""
    world = make_world(7)
    await store(tx, world)
    return world


def in_step(max_examples: int):
    return settings(
        max_examples=max_examples,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture],
    )


async def test_searches_find_what_may_be_seen(tx, stored):
    """Generated searches by every principal; hypothesis shrinks a leak to its smallest search."""
    loop = asyncio.get_running_loop()

    @in_step(40)
    @given(parameters=st.lists(CRITERION, max_size=3))
    def each(parameters: list[tuple[str, str]]) -> None:
        for who in PRINCIPALS:
            task = compare(tx, stored, who, Search(parameters))
            asyncio.run_coroutine_threadsafe(task, loop).result(60)

    await asyncio.to_thread(each)


async def compare(tx: Any, world: World, who: Principal, search: Search) -> None:
    try:
        found = await record.search(
            tx,
            who,
            "Observation",
            [
                *search.parameters,
                ("_total", "accurate"),
                ("_count", "100"),
                ("_include", "Observation:*"),
                ("_revinclude", "List:item"),
                ("_revinclude", "Observation:has-member"),
            ],
        )
    except record.UnknownParameter:
        # A chain through types this principal may not read is refused as a whole.
        assert "record.read:*" not in who.permissions
        assert who is not SYSTEM
        return
    seen = world.seen_by(who, "Observation")
    expected = {n for n, body in seen.items() if search.meets(world, who, body)}
    assert {v.reference for v in found.matches} == expected, (who.name, search)
    assert found.total == len(expected), (who.name, search)
    everything = world.seen_by(who)
    linked = {r for name in expected for r in references(world.resources[name])}
    linked |= {
        n
        for n, b in everything.items()
        if b["resourceType"] in ("List", "Observation")
        and any(
            r in expected
            for r in references(b if b["resourceType"] == "List" else b.get("hasMember", []))
        )
    }
    wanted = {n for n in linked if n in everything} - expected
    assert {v.reference for v in found.included} == wanted, (who.name, search)


@pytest.mark.parametrize("who", PRINCIPALS, ids=lambda who: who.name)
class TestEveryOtherDoor:
    async def test_reads(self, tx, stored, who):
        for name, body in stored.resources.items():
            kind, id_ = name.split("/")
            if may_see(who, body):
                assert (await record.read(tx, who, kind, id_)).id == id_
                assert (await record.vread(tx, who, kind, id_, 1)).id == id_
                continue
            for read in (record.read(tx, who, kind, id_), record.vread(tx, who, kind, id_, 1)):
                with pytest.raises((NotFound, Forbidden)):
                    await read
            with pytest.raises((NotFound, Forbidden)):
                await record.history(tx, who, kind, id_)

    async def test_other_types_are_searched_alike(self, tx, stored, who):
        for kind in ("Patient", "Appointment", "List", "Practitioner"):
            try:
                found = await record.search(tx, who, kind, [("_count", "50")])
            except Forbidden:
                assert f"record.read:{kind}" not in who.permissions
                continue
            assert {v.reference for v in found.matches} == set(stored.seen_by(who, kind))

    async def test_history_of_all(self, tx, stored, who):
        found = await record.history(tx, who, count=1000)
        assert {v.reference for v in found.versions} == set(stored.seen_by(who))

    async def test_everything(self, tx, stored, who):
        for patient in PATIENTS:
            if not may_see(who, stored.resources[f"Patient/{patient}"]):
                with pytest.raises(NotFound):
                    await record.everything(tx, who, patient)
                continue
            found = await record.everything(tx, who, patient, count=1000)
            expected = {
                name
                for name, body in stored.seen_by(who).items()
                if patient in fhir.patients_of(body)
            }
            assert {v.reference for v in found.matches} == expected
            assert {v.reference for v in found.included} <= set(stored.seen_by(who))

    async def test_writes(self, tx, stored, who):
        """What is hidden can be neither changed nor deleted, nor written about."""
        for name, body in stored.resources.items():
            if body["resourceType"] != "Observation":
                continue
            await tx.execute("SAVEPOINT deed")
            allowed = may_see(who, body) and (who is SYSTEM or "record.write:*" in who.permissions)
            for deed in (
                record.update(tx, who, "Observation", body["id"], body),
                record.delete(tx, who, "Observation", body["id"]),
            ):
                if allowed:
                    await deed
                else:
                    with pytest.raises((NotFound, Forbidden)):
                        await deed
            await tx.execute("ROLLBACK TO SAVEPOINT deed")
            assert name

    async def test_creates(self, tx, stored, who):
        writes = who is SYSTEM or "record.write:*" in who.permissions
        for patient in PATIENTS:
            body = {
                "resourceType": "Observation",
                "status": "final",
                "code": {"text": "x"},
                "subject": {"reference": f"Patient/{patient}"},
            }
            if writes and may_see_patient(who, patient):
                await record.create(tx, who, "Observation", body)
            else:
                with pytest.raises((NotFound, Forbidden)):
                    await record.create(tx, who, "Observation", body)


async def test_a_deleted_resource_stays_hidden_with_its_patient(tx, stored):
    name = next(
        n
        for n, b in stored.resources.items()
        if b["resourceType"] == "Observation" and fhir.patients_of(b) == ["p1"]
    )
    id_ = name.split("/")[1]
    await record.delete(tx, SYSTEM, "Observation", id_)
    doctor = PRINCIPALS[1]
    with pytest.raises(NotFound):
        await record.read(tx, doctor, "Observation", id_)
    with pytest.raises(NotFound):
        await record.history(tx, doctor, "Observation", id_)


async def test_a_labelled_patient_hides_and_comes_back(tx):
    label = {
        "system": "http://terminology.hl7.org/CodeSystem/v3-Confidentiality",
        "code": "R",
    }
    body = {"resourceType": "Patient", "meta": {"security": [label]}}
    made = await record.create(tx, SYSTEM, "Patient", body)
    doctor = PRINCIPALS[1]
    with pytest.raises(NotFound):
        await record.read(tx, doctor, "Patient", made.id)
    plain = {"resourceType": "Patient", "id": made.id}
    await record.update(tx, SYSTEM, "Patient", made.id, plain)
    assert (await record.read(tx, doctor, "Patient", made.id)).version == 2
    await access.restrict(tx, SYSTEM, made.id, True)
    await record.update(tx, SYSTEM, "Patient", made.id, {**plain, "gender": "male"})
    with pytest.raises(NotFound):
        await record.read(tx, doctor, "Patient", made.id)


async def test_every_act_is_in_the_trail(tx, stored):
    doctor = PRINCIPALS[3]
    before = await tx.fetch_value("SELECT coalesce(max(id), 0) FROM audit_event")
    await record.read(tx, doctor, "Patient", "p0")
    await record.search(tx, doctor, "Observation", [("patient", "p0"), ("code", "a")])
    await record.history(tx, doctor, "Patient", "p0")
    await record.everything(tx, doctor, "p0")
    await record.update(tx, doctor, "Patient", "p0", stored.resources["Patient/p0"])
    await record.delete(tx, doctor, "Patient", "p0")
    rows = await tx.fetch_all(
        "SELECT action, reference, patient_reference, detail FROM audit_event"
        " WHERE id > %s ORDER BY id",
        (before,),
    )
    assert [row["action"] for row in rows] == ["R", "E", "R", "E", "U", "D"]
    assert {row["patient_reference"] for row in rows} == {"p0"}
    assert rows[1]["detail"]["parameters"] == ["code", "patient"]
