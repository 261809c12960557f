"""Loading the sample hospital through the doors of the running house.

Every resource has an id of its own and every object a UID of its own, made from words; so loading
again after an interruption writes the same again, and nothing stands twice.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Protocol

import httpx

from vesalius.exchange.routing import Resources
from vesalius.kit.errors import Unavailable
from vesalius.sample import charts
from vesalius.sample.calendar import Calendar
from vesalius.sample.cast import PATIENTS, TECHNOLOGIST, Member, member
from vesalius.sample.doors import Doors
from vesalius.sample.examinations import EXAMINATIONS, STRAYS, Examination, Stray
from vesalius.sample.modality import DataSet, Made, first, step_of
from vesalius.sample.objects import Exam, Subject
from vesalius.sample.objects.subject import JAPANESE, UNICODE

PRODUCE = "vesalius.sample.production:produce"
RELIVE = "vesalius.sample.production:relive"
WORKLIST_SECONDS = 60.0
STATUSES = (None, "IN PROGRESS", "COMPLETED")


@dataclass(frozen=True)
class Login:
    """A user of the demo, as a program signs in."""

    username: str
    token: str
    password: str


class Watcher(Protocol):
    """Told what is done, for a progress bar."""

    def __call__(self, kind: str, *, done: int = 0, total: int | None = None) -> None: ...


@dataclass(frozen=True)
class Loader:
    """One loading of the sample hospital."""

    resources: Resources
    doors: Doors
    calendar: Calendar
    writer: str
    readers: Mapping[str, Login]
    watch: Watcher
    people: Sequence[Member] = PATIENTS
    examinations: Sequence[Examination] = EXAMINATIONS
    strays: Sequence[Stray] = STRAYS

    async def load(self) -> None:
        """Everything: people and histories, orders, images, reports, what waits and what hides."""
        self.watch("patients", total=len(self.people))
        self.watch("studies", total=sum(e.has_images for e in self.examinations) + len(self.strays))
        self.watch("reports", total=sum(e.report is not None for e in self.examinations))
        if await self._is_complete():
            return
        await self.doors.write(self.writer, charts.hospital())
        await self._write_people()
        async with asyncio.TaskGroup() as group:
            for person in self.people:
                group.create_task(self._write_history(person))
            group.create_task(self._examine())
        await self._restrict()

    async def _is_complete(self) -> bool:
        """Whether the last thing that is done was done."""
        closed = [person for person in self.people if person.restricted]
        for person in closed:
            body = await self.doors.read(self.writer, f"Patient/{person.reference}")
            if body is None or "security" not in body.get("meta", {}):
                return False
        return bool(closed)

    async def _write_people(self) -> None:
        """Patients with their stories and orders, so that worklists fill while we go on."""
        for person in self.people:
            resources = charts.story(person, self.calendar)
            if await self.doors.read(self.writer, f"Patient/{person.reference}") is None:
                body = charts.patient(person, self.calendar, self._assigner)
                # Whoever is restricted is so at last: until then their images have to be matched.
                body.pop("meta", None)
                resources.insert(0, body)
            await self.doors.write(self.writer, resources)
        orders = [
            charts.order(item, member(item.patient), self.calendar)
            for item in self.examinations
            if item.is_ordered
        ]
        # A report completes its order; an order that is there is left as it is.
        missing = [
            body
            for body in orders
            if await self.doors.read(self.writer, f"ServiceRequest/{body['id']}") is None
        ]
        if missing:
            await self.doors.write(self.writer, missing)

    @property
    def _assigner(self) -> str:
        return self.resources.settings.default_assigner

    async def _write_history(self, person: Member) -> None:
        """The years behind a patient, lived in another process."""
        now = self.calendar.now.isoformat()
        resources = await self.resources.workers.run(RELIVE, person.key, now, timeout=300)
        await self.doors.write(self.writer, resources)
        self.watch("patients", done=1)

    async def _examine(self) -> None:
        """All images, some at a time, then the reports on them."""
        items = await self._worklists()
        with tempfile.TemporaryDirectory(prefix="vesalius-sample-") as folder:
            limit = asyncio.Semaphore(3)

            async def one(item: Examination) -> None:
                async with limit:
                    await self._perform(item, items.get(item.accession_number), Path(folder))

            async def stray(item: Stray) -> None:
                async with limit:
                    await self._send_stray(item, Path(folder))

            async with asyncio.TaskGroup() as group:
                # What takes longest begins first.
                for item in sorted(
                    self.examinations, key=lambda each: each.modality not in ("CT", "MR")
                ):
                    if item.has_images or item.state == "begun":
                        group.create_task(one(item))
                for waif in self.strays:
                    group.create_task(stray(waif))

    async def _worklists(self) -> dict[str, DataSet]:
        """The worklist item of every order that is done or begun, by accession number."""
        wanted = {
            item.accession_number: item.station
            for item in self.examinations
            if item.is_ordered and (item.has_images or item.state == "begun")
        }
        found: dict[str, DataSet] = {}
        with suppress(TimeoutError):
            async with asyncio.timeout(WORKLIST_SECONDS):
                while missing := set(wanted) - set(found):
                    for station in sorted({wanted[number] for number in missing}):
                        for status in STATUSES:
                            for item in await self.doors.worklist(station, status=status):
                                found[str(first(item, "00080050"))] = item
                    if set(wanted) - set(found):
                        # The house turns orders into steps in its own time; nobody tells a
                        # modality of it, so a modality asks again (PS3.4 K.1).
                        await asyncio.sleep(0.3)
                return found
        raise Unavailable("the orders did not come up in the worklist; is the job worker running?")

    async def _perform(self, item: Examination, step: DataSet | None, folder: Path) -> None:
        """One examination: begun, imaged, completed and read, as far as its state goes."""
        exam = self._exam(item, step)
        status = first(step_of(step), "00400020") if step else None
        performed = None
        if step and status in (None, "SCHEDULED"):
            performed = await self.doors.begin(step, exam)
        if item.picture is None:
            return
        subject = self._subject(member(item.patient))
        made = await self._store(item.picture, subject, exam, folder)
        if performed:
            await self.doors.complete(performed, exam, made)
        self.watch("studies", done=1)
        if item.report is not None:
            await self._report(item, exam)

    async def _store(self, picture: str, subject: Subject, exam: Exam, folder: Path) -> list[Made]:
        answer: list[dict[str, Any]] = await self.resources.workers.run(
            PRODUCE, picture, subject, exam, str(folder), timeout=300
        )
        made = [Made(**each) for each in answer]
        paths = [Path(each.path) for each in made]
        async for _ in self.doors.store(exam.station, paths):
            self.watch("images", done=1)
        for path in paths:
            path.unlink()
        return made

    async def _report(self, item: Examination, exam: Exam) -> None:
        assert item.report is not None
        author = self.readers[item.report.author.key]
        await self.doors.report(author.token, author.password, exam.study_instance_uid, item.report)
        self.watch("reports", done=1)

    def _exam(self, item: Examination, step: DataSet | None) -> Exam:
        """The examination as its modality knows it: from its worklist item, if it has one."""
        return Exam(
            key=item.key,
            modality=item.modality,
            description=item.title,
            body_part=BODY_PARTS.get(item.procedure, "CHEST"),
            started=self.calendar.ago(days=item.days_ago, hours=item.hours_ago).replace(
                tzinfo=None
            ),
            station=item.station,
            accession_number=item.accession_number,
            reason=item.indication,
            referring=item.requester.dicom,
            operator=TECHNOLOGIST.dicom,
            character_set=JAPANESE if item.escaped_names else UNICODE,
            issued_study_instance_uid=str(first(step, "0020000D") or "") if step else "",
            requested_procedure_id=str(first(step, "00401001") or "") if step else "",
            step_id=str(first(step_of(step), "00400009") or "") if step else "",
        )

    def _subject(self, person: Member) -> Subject:
        return Subject(
            mrn=person.mrn,
            name=person.name.dicom,
            birth_date=self.calendar.birth_date(person),
            sex=person.sex,
        )

    async def _send_stray(self, item: Stray, folder: Path) -> None:
        """Images under a number or a birthday that is not the patient's."""
        person = member(item.claims)
        modality = item.procedure.partition("-")[0]
        shifted: date = self.calendar.birth_date(person) + timedelta(days=item.birth_date_shift)
        subject = Subject(item.mrn, person.name.dicom, shifted, person.sex)
        exam = Exam(
            key=item.key,
            modality=modality,
            description=TITLES[item.procedure],
            body_part=BODY_PARTS.get(item.procedure, "CHEST"),
            started=self.calendar.ago(hours=item.hours_ago).replace(tzinfo=None),
            station=f"{modality}1",
            accession_number="",
            operator=TECHNOLOGIST.dicom,
        )
        await self._store(item.picture, subject, exam, folder)
        self.watch("studies", done=1)

    async def _restrict(self) -> None:
        """Close the charts that only a few may open."""
        closed = [
            charts.patient(person, self.calendar, self._assigner)
            for person in self.people
            if person.restricted
        ]
        if closed:
            await self.doors.write(self.writer, closed)


BODY_PARTS = {
    "CT-HEAD": "HEAD", "MR-BRAIN": "BRAIN", "US-ECHO": "HEART", "XA-CORONARY": "HEART",
    "ECG-12": "HEART",
}  # fmt: skip
TITLES = {"DX-CHEST": "Chest PA", "ECG-12": "ECG, 12 leads"}


async def load(
    resources: Resources,
    *,
    base_url: str,
    calendar: Calendar,
    writer: str,
    readers: Mapping[str, Login],
    watch: Watcher,
) -> None:
    """Load the sample hospital into the house that runs at `base_url`."""
    async with httpx.AsyncClient(base_url=base_url, timeout=120.0) as client:
        loader = Loader(resources, Doors(resources, client), calendar, writer, readers, watch)
        await loader.load()
