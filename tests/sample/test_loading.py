"""A part of the sample hospital, loaded into a running house through its doors, and once more."""

import json
import stat
import time
from collections import Counter
from collections.abc import Sequence
from datetime import datetime

import httpx
import pytest

from tests.running import RunningVesalius
from vesalius.app import House
from vesalius.interfaces.command_line import demo
from vesalius.sample import ACCOUNTS, Account, Calendar, Login
from vesalius.sample.cast import Member, member
from vesalius.sample.doors import Doors
from vesalius.sample.examinations import STRAYS, Examination, examination
from vesalius.sample.loading import Loader
from vesalius.serving import connect_interfaces

PEOPLE = tuple(member(key) for key in ("petrov", "sato", "smith"))
EXAMINATIONS = (
    examination("petrov-ecg-1"),
    examination("sato-us-1"),
    examination("smith-ct-1"),
)
CLOSED = member("dubois")


async def load(
    house: House,
    running: RunningVesalius,
    people: Sequence[Member] = PEOPLE,
    examinations: Sequence[Examination] = EXAMINATIONS,
) -> Counter[str]:
    connect_interfaces(house)
    done: Counter[str] = Counter()

    def watch(kind: str, *, done_now: int = 0, **more: int) -> None:
        done[kind] += more.get("done", done_now)

    state = demo._State(running.settings.data_directory / "sample")
    logins: dict[str, Login] = await demo._prepare(house, state)
    async with httpx.AsyncClient(base_url=running.url, timeout=120) as client:
        loader = Loader(
            house,
            Doors(house, client),
            Calendar(state.moment),
            logins[demo.WRITER].token,
            {account.colleague.key: logins[account.username] for account in ACCOUNTS},
            watch,
            people=people,
            examinations=examinations,
            strays=STRAYS[1:],
        )
        await loader.load()
    return done


def found(client: httpx.Client, path: str) -> list[dict]:
    return [
        entry["resource"] for entry in client.get(path).raise_for_status().json().get("entry", [])
    ]


@pytest.fixture(scope="module")
def loaded(served: RunningVesalius) -> Counter[str]:
    done = served.run(lambda house: load(house, served))
    # An order that nobody waited for becomes a step in the house's own time.
    with served.client("radiologist") as client:
        deadline = time.monotonic() + 30
        while not found(client, "/fhir/Task?patient=sample-smith"):
            assert time.monotonic() < deadline, "the order was not scheduled"
            time.sleep(0.1)
    return done


class TestLoading:
    def test_everything_is_told_to_the_watcher(self, loaded):
        assert loaded["patients"] == len(PEOPLE)
        assert loaded["images"] == 2
        assert loaded["reports"] == 1

    def test_ordered_images_are_of_their_patient_and_signed(self, served, loaded):
        with served.client("radiologist") as client:
            [study] = found(client, "/fhir/ImagingStudy?patient=sample-petrov")
            assert study["identifier"]
            [report] = [
                body
                for body in found(
                    client, "/fhir/DiagnosticReport?patient=sample-petrov&status=final"
                )
                if "imagingStudy" in body
            ]
            assert report["conclusion"] == "Anterior scar, unchanged."
            orders = found(client, "/fhir/ServiceRequest?patient=sample-petrov")
            done = [body for body in orders if body["code"]["coding"][0]["code"] == "ECG-12"]
            assert [body["intent"] for body in done] == ["order"]

    def test_a_begun_examination_is_in_progress(self, served, loaded):
        with served.client("radiologist") as client:
            [task] = found(client, "/fhir/Task?patient=sample-sato")
            assert task["status"] == "in-progress"
            [task] = found(client, "/fhir/Task?patient=sample-smith")
            assert task["status"] == "ready"

    def test_images_of_a_mistyped_birthday_wait_for_a_human(self, served, loaded):
        with served.client("technologist") as client:
            waiting = client.get("/api/unmatched").raise_for_status().json()
        mine = [item for item in waiting if item["PatientID"] == member("smith").mrn]
        assert [item["reason"] for item in mine] == ["birth-date-differs"]

    def test_loading_again_changes_nothing(self, served, loaded):
        with served.client("radiologist") as client:

            def counts() -> dict[str, int]:
                kinds = ("Patient", "Observation", "ServiceRequest", "ImagingStudy", "Task")
                return {
                    kind: client.get(f"/fhir/{kind}?_summary=count").json()["total"]
                    for kind in kinds
                }

            before = counts()
            served.run(lambda house: load(house, served))
            assert counts() == before

    def test_a_restricted_chart_is_closed_and_open_to_whoever_treats(self, served, loaded):
        own = [examination("dubois-dx-1")]
        done = served.run(lambda house: load(house, served, [CLOSED], own))
        assert done["studies"] == 2
        again = served.run(lambda house: load(house, served, [CLOSED], own))
        assert again["studies"] == 0
        with served.client("physician") as client:
            assert client.get("/fhir/Patient/sample-dubois").status_code == 404
            assert found(client, "/fhir/ImagingStudy?patient=sample-dubois") == []
        state = demo._State(served.settings.data_directory / "sample")
        with httpx.Client(base_url=served.url) as browser:
            who = {"username": "cardiologist", "password": state.passwords()["cardiologist"]}
            browser.post("/api/session", json=who).raise_for_status()
            assert browser.get("/fhir/Patient/sample-dubois").status_code == 200


class TestState:
    def test_passwords_are_random_kept_and_readable_by_the_owner_alone(self, tmp_path):
        first, second = demo._State(tmp_path / "one"), demo._State(tmp_path / "two")
        assert set(first.passwords()) == {account.username for account in ACCOUNTS}
        assert first.passwords() == first.passwords()
        assert not set(first.passwords().values()) & set(second.passwords().values())
        assert stat.S_IMODE(first.accounts_path.stat().st_mode) == 0o600
        assert json.loads(first.accounts_path.read_text()) == first.passwords()

    def test_a_second_try_tells_from_the_same_moment(self, tmp_path):
        moment = demo._State(tmp_path).moment
        assert isinstance(moment, datetime)
        assert demo._State(tmp_path).moment == moment
        assert moment.tzinfo is not None

    def test_it_is_loaded_when_it_was_finished(self, tmp_path):
        state = demo._State(tmp_path)
        assert not state.is_loaded
        state.finish()
        assert demo._State(tmp_path).is_loaded


def test_every_author_of_a_report_can_sign_in():
    from vesalius.sample import EXAMINATIONS as ALL

    authors = {item.report.author.key for item in ALL if item.report}
    readers: set[str] = {
        account.colleague.key for account in ACCOUNTS if isinstance(account, Account)
    }
    assert authors <= readers
