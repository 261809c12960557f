"""From a draft nobody sees to a signed report in the chart."""

import hashlib
from dataclasses import replace
from typing import Any

import pytest

from tests.care.builders import CLINICAL, a_patient, an_order, name, user
from tests.imaging.building import images_of, store, tell
from vesalius.app import House
from vesalius.care import orders, patients
from vesalius.imaging import reading, reports, studies, worklist
from vesalius.imaging.reports import Content
from vesalius.kit.errors import Conflict, Forbidden, Invalid, NotFound
from vesalius.kit.transaction import Transaction
from vesalius.standards import fhir
from vesalius.stores import access, record
from vesalius.stores.access import Principal

PASSWORD = "correct horse battery staple"
TEXT = Content(
    template="cross-sectional",
    language="en",
    sections={
        "indication": "Headache",
        "technique": "Plain CT",
        "findings": "No <bleeding> & 出血",
    },
    conclusion="Normal CT of the head.",
)


@pytest.fixture
async def reader(tx: Transaction) -> Principal:
    """A radiologist with a password."""
    await access.add_user(
        tx,
        access.SYSTEM,
        username="ada",
        display="Dr. Ada",
        roles=["radiologist"],
        password=PASSWORD,
    )
    return user("ada")


@pytest.fixture
async def study(shared_house: House, tx: Transaction) -> studies.ImagingStudy:
    """An ordered CT of the head, arrived."""
    taro = await a_patient(tx, name("Yamada", "Tarou"), name("山田", "太郎"), mrn="4711")
    order = await an_order(tx, taro)
    step = await worklist.schedule(tx, order.order_reference)
    [dataset] = images_of(taro, step=step)
    await store(shared_house, tx, dataset)
    await tell(tx)
    found = await studies.find_study(tx, dataset.StudyInstanceUID)
    assert found is not None
    return found


async def signed(
    tx: Transaction, reader: Principal, uid: str, status: Any = "final", content: Content = TEXT
) -> reports.SignedReport:
    current = await reports.report(tx, reader, uid)
    revision = current.draft.revision if current.draft else 0
    await reports.save_draft(tx, reader, uid, content, revision=revision)
    return await reports.sign(tx, reader, uid, password=PASSWORD, status=status)


async def chart(tx: Transaction, study: studies.ImagingStudy) -> list[dict[str, Any]]:
    """The DiagnosticReports of the study's patient."""
    assert study.patient_reference is not None
    found = await record.search(
        tx, user(), "DiagnosticReport", [("patient", study.patient_reference)]
    )
    return [version.json() for version in found.matches]


class TestDrafting:
    async def test_a_new_report_begins_with_what_is_known(
        self, tx: Transaction, study: studies.ImagingStudy, reader: Principal
    ) -> None:
        begun = await reports.report(tx, reader, study.study_instance_uid)
        assert begun.status is None
        assert begun.proposed is not None
        assert begun.proposed.template == "cross-sectional"
        assert begun.proposed.sections == {"indication": "Headache", "technique": "CT head"}

    async def test_the_prior_is_offered_for_comparison(
        self, shared_house: House, tx: Transaction, study: studies.ImagingStudy, reader: Principal
    ) -> None:
        taro = await patients.card(tx, study.patient_reference or "")
        await store(shared_house, tx, *images_of(taro, StudyDate="20250301"))
        begun = await reports.report(tx, reader, study.study_instance_uid)
        assert begun.proposed is not None
        assert begun.proposed.sections["comparison"] == "CT head 2025-03-01"

    async def test_revisions_never_overwrite(
        self, tx: Transaction, study: studies.ImagingStudy, reader: Principal
    ) -> None:
        uid = study.study_instance_uid
        first = await reports.save_draft(tx, reader, uid, TEXT, revision=0)
        assert first.revision == 1
        with pytest.raises(Conflict):
            await reports.save_draft(tx, reader, uid, TEXT, revision=0)
        changed = replace(TEXT, conclusion="x")
        second = await reports.save_draft(tx, reader, uid, changed, revision=1)
        assert second.revision == 2
        with pytest.raises(Conflict):
            await reports.save_draft(tx, reader, uid, TEXT, revision=1)
        kept = await reports.report(tx, reader, uid)
        assert kept.draft is not None
        assert kept.draft.content == changed

    async def test_drafting_takes_the_study(
        self, tx: Transaction, study: studies.ImagingStudy, reader: Principal
    ) -> None:
        uid = study.study_instance_uid
        await reports.save_draft(tx, reader, uid, TEXT, revision=0)
        item = await reading.reading_item(tx, reader, uid)
        assert item is not None
        assert (item.status, item.claimed_by) == ("draft", "ada")
        with pytest.raises(Conflict):
            await reports.save_draft(tx, user("bob"), uid, TEXT, revision=1)

    async def test_unsigned_text_is_seen_by_readers_only(
        self, tx: Transaction, study: studies.ImagingStudy, reader: Principal
    ) -> None:
        uid = study.study_instance_uid
        await reports.save_draft(tx, reader, uid, TEXT, revision=0)
        assert await chart(tx, study) == []
        physician = user("bob", CLINICAL - {"report.write", "report.sign"})
        seen = await reports.report(tx, physician, uid)
        assert (seen.draft, seen.signed, seen.proposed) == (None, None, None)
        events = await patients.timeline(tx, user(), study.patient_reference or "")
        assert not any("Normal CT" in str(event) for event in events)

    async def test_discard(
        self, tx: Transaction, study: studies.ImagingStudy, reader: Principal
    ) -> None:
        uid = study.study_instance_uid
        await reports.save_draft(tx, reader, uid, TEXT, revision=0)
        with pytest.raises(Conflict):
            await reports.discard_draft(tx, reader, uid, revision=9)
        await reports.discard_draft(tx, reader, uid, revision=1)
        assert (await reports.report(tx, reader, uid)).draft is None
        item = await reading.reading_item(tx, reader, uid)
        assert item is not None
        assert item.status == "claimed"

    async def test_refusals(
        self, shared_house: House, tx: Transaction, study: studies.ImagingStudy, reader: Principal
    ) -> None:
        uid = study.study_instance_uid
        with pytest.raises(Invalid):
            wrong = replace(TEXT, sections={"nonsense": "x"})
            await reports.save_draft(tx, reader, uid, wrong, revision=0)
        with pytest.raises(NotFound):
            await reports.save_draft(tx, reader, uid, replace(TEXT, template="x"), revision=0)
        with pytest.raises(Invalid):
            long = replace(TEXT, conclusion="x" * 200_000)
            await reports.save_draft(tx, reader, uid, long, revision=0)
        with pytest.raises(Forbidden):
            physician = user("bob", CLINICAL - {"report.write"})
            await reports.save_draft(tx, physician, uid, TEXT, revision=0)
        with pytest.raises(NotFound):
            await reports.save_draft(tx, reader, "1.2.3", TEXT, revision=0)
        taro = await patients.card(tx, study.patient_reference or "")
        [unknown] = images_of(taro, PatientID="9")
        await store(shared_house, tx, unknown)
        with pytest.raises(Conflict):
            await reports.save_draft(tx, reader, unknown.StudyInstanceUID, TEXT, revision=0)


class TestSigning:
    async def test_final(
        self, shared_house: House, tx: Transaction, study: studies.ImagingStudy, reader: Principal
    ) -> None:
        report = await signed(tx, reader, study.study_instance_uid)
        [body] = await chart(tx, study)
        assert fhir.validate(body) == []
        assert body["status"] == "final"
        assert body["conclusion"] == "Normal CT of the head."
        assert body["basedOn"] == [{"reference": f"ServiceRequest/{study.order_reference}"}]
        assert body["imagingStudy"][0]["reference"] == f"ImagingStudy/{study.id}"
        assert body["resultsInterpreter"][0]["display"] == "Dr. Ada"
        assert "No &lt;bleeding&gt; &amp; 出血" in body["text"]["div"]
        form = body["presentedForm"][0]
        assert form["contentType"] == "application/pdf"
        assert form["url"].endswith(f"/api/studies/{study.study_instance_uid}/report.pdf")
        again, pdf = await reports.report_pdf(tx, user("bob"), study.study_instance_uid)
        assert pdf.startswith(b"%PDF-")
        assert form["size"] == len(pdf)
        assert again.pdf_sha1 == hashlib.sha1(pdf).digest()
        assert report.signed_by == "ada"

    async def test_the_order_is_done_and_the_list_shorter(
        self, tx: Transaction, study: studies.ImagingStudy, reader: Principal
    ) -> None:
        await signed(tx, reader, study.study_instance_uid)
        items, _ = await reading.reading_list(tx, reader, reading.Filters())
        assert items == []
        assert "ReportSigned" in await tell(tx)
        order = await orders.find_order(tx, study.order_reference or "")
        assert order is not None
        assert order.status == "completed"

    async def test_preliminary_then_final(
        self, tx: Transaction, study: studies.ImagingStudy, reader: Principal
    ) -> None:
        uid = study.study_instance_uid
        first = await signed(tx, reader, uid, "preliminary")
        await tell(tx)
        order = await orders.find_order(tx, study.order_reference or "")
        assert order is not None
        assert order.status == "active"
        items, _ = await reading.reading_list(tx, reader, reading.Filters())
        assert len(items) == 1
        second = await signed(tx, reader, uid, "final")
        assert second.report_reference == first.report_reference
        [body] = await chart(tx, study)
        assert body["status"] == "final"
        kept = await record.history(tx, user(), "DiagnosticReport", first.report_reference)
        assert [v.json()["status"] for v in kept.versions] == ["final", "preliminary"]

    async def test_signing_over_a_final_report_amends_it(
        self, tx: Transaction, study: studies.ImagingStudy, reader: Principal
    ) -> None:
        uid = study.study_instance_uid
        await signed(tx, reader, uid)
        report = await signed(tx, reader, uid, "final", replace(TEXT, conclusion="A small bleed."))
        assert report.status == "amended"
        [body] = await chart(tx, study)
        assert body["conclusion"] == "A small bleed."
        signatures = await tx.fetch_all(
            "SELECT status, content ->> 'conclusion' AS conclusion FROM report_signature"
            " WHERE study_instance_uid = %s ORDER BY id",
            (uid,),
        )
        assert [(row["status"], row["conclusion"]) for row in signatures] == [
            ("final", "Normal CT of the head."),
            ("amended", "A small bleed."),
        ]

    async def test_addendum(
        self, tx: Transaction, study: studies.ImagingStudy, reader: Principal
    ) -> None:
        uid = study.study_instance_uid
        with pytest.raises(Conflict):
            await reports.append(tx, reader, uid, text="x", password=PASSWORD)
        await signed(tx, reader, uid)
        report = await reports.append(
            tx, reader, uid, text="Compared with 2025.", password=PASSWORD
        )
        assert report.status == "appended"
        [body] = await chart(tx, study)
        assert body["status"] == "appended"
        assert body["conclusion"] == "Normal CT of the head.\n\nCompared with 2025."
        with pytest.raises(Invalid):
            await reports.append(tx, reader, uid, text=" ", password=PASSWORD)

    async def test_critical_result_and_follow_up_are_marked(
        self, tx: Transaction, study: studies.ImagingStudy, reader: Principal
    ) -> None:
        content = replace(TEXT, critical=True, follow_up="CT in 3 months")
        await signed(tx, reader, study.study_instance_uid, content=content)
        [body] = await chart(tx, study)
        values = {e["url"]: e.get("valueBoolean", e.get("valueString")) for e in body["extension"]}
        assert values == {
            "urn:vesalius:critical-result": True,
            "urn:vesalius:recommended-follow-up": "CT in 3 months",
        }

    async def test_a_wrong_password_signs_nothing(
        self, tx: Transaction, study: studies.ImagingStudy, reader: Principal
    ) -> None:
        uid = study.study_instance_uid
        await reports.save_draft(tx, reader, uid, TEXT, revision=0)
        with pytest.raises(Forbidden):
            await reports.sign(tx, reader, uid, password="wrong", status="final")
        assert await chart(tx, study) == []

    async def test_an_incomplete_draft_is_not_signed(
        self, tx: Transaction, study: studies.ImagingStudy, reader: Principal
    ) -> None:
        with pytest.raises(Invalid) as refused:
            await signed(
                tx,
                reader,
                study.study_instance_uid,
                content=replace(TEXT, sections={}, conclusion=""),
            )
        assert refused.value.detail["sections"] == [
            "indication",
            "technique",
            "findings",
            "conclusion",
        ]

    async def test_what_changed_meanwhile_is_not_signed(
        self, tx: Transaction, study: studies.ImagingStudy, reader: Principal
    ) -> None:
        uid = study.study_instance_uid
        await reports.save_draft(tx, reader, uid, TEXT, revision=0)
        await reports.save_draft(tx, reader, uid, TEXT, revision=1)
        with pytest.raises(Conflict):
            await reports.sign(tx, reader, uid, password=PASSWORD, status="final", revision=1)

    async def test_nothing_to_sign(
        self, tx: Transaction, study: studies.ImagingStudy, reader: Principal
    ) -> None:
        with pytest.raises(Conflict):
            await reports.sign(
                tx, reader, study.study_instance_uid, password=PASSWORD, status="final"
            )

    async def test_who_may_not_sign_is_refused(
        self, tx: Transaction, study: studies.ImagingStudy, reader: Principal
    ) -> None:
        writer = replace(reader, permissions=CLINICAL - {"report.sign"})
        with pytest.raises(Forbidden):
            await signed(tx, writer, study.study_instance_uid)

    async def test_a_damaged_pdf_is_never_given_away(
        self, tx: Transaction, study: studies.ImagingStudy, reader: Principal
    ) -> None:
        from vesalius.kit.errors import Unavailable

        report = await signed(tx, reader, study.study_instance_uid)
        path = tx.blobs.local_path(report.pdf_key)
        assert path is not None
        damaged = bytearray(path.read_bytes())
        damaged[100] ^= 1
        path.chmod(0o600)
        path.write_bytes(damaged)
        with pytest.raises(Unavailable):
            await reports.report_pdf(tx, reader, study.study_instance_uid)

    async def test_a_restricted_patients_report_is_not_there(
        self, tx: Transaction, study: studies.ImagingStudy, reader: Principal
    ) -> None:
        uid = study.study_instance_uid
        await signed(tx, reader, uid)
        await access.restrict(tx, access.SYSTEM, study.patient_reference or "", True)
        with pytest.raises(NotFound):
            await reports.report(tx, user("bob"), uid)
        with pytest.raises(NotFound):
            await reports.report_pdf(tx, user("bob"), uid)


class TestMoving:
    async def test_a_report_leaves_the_chart_its_study_leaves(
        self, tx: Transaction, study: studies.ImagingStudy, reader: Principal
    ) -> None:
        uid = study.study_instance_uid
        first = await signed(tx, reader, uid)
        await tell(tx)
        await studies.detach(tx, user(), uid, "Wrong patient on the table")
        assert "ReportWithdrawn" in await tell(tx)
        [body] = await chart(tx, study)
        assert body["status"] == "entered-in-error"
        ada = await a_patient(tx, mrn="4713")
        await studies.attach(tx, user(), uid, ada.patient_reference, "It was Ada")
        await tell(tx)
        again = await reports.report(tx, reader, uid)
        assert again.signed is None
        assert again.draft is not None
        assert again.draft.content == TEXT
        await reading.claim(tx, reader, uid)
        report = await signed(tx, reader, uid)
        assert report.report_reference != first.report_reference
        assert report.patient_reference == ada.patient_reference
