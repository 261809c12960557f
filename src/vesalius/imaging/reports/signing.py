"""Signing: from a draft to a DiagnosticReport with its PDF, in one transaction.

The signer proves again who they are. The first signature is preliminary or final; a signature
over a final report amends it, and an addendum is appended: what was signed before stays in the
history of the record and among the signatures.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Literal

from vesalius.care.orders import complete
from vesalius.care.patients import card, lend
from vesalius.imaging import reading
from vesalius.imaging.reports.diagnostic_report import diagnostic_report
from vesalius.imaging.reports.document import document
from vesalius.imaging.reports.drafting import check, order_of
from vesalius.imaging.reports.events import ReportSigned
from vesalius.imaging.reports.model import Content, SignedReport
from vesalius.imaging.reports.rows import (
    drop_draft,
    find_draft,
    find_signed,
    keep_signed,
)
from vesalius.imaging.studies import ImagingStudy, find_study, visible
from vesalius.kit.errors import Conflict, Invalid, NotFound, Unavailable
from vesalius.kit.ids import new_id
from vesalius.kit.log import logger
from vesalius.kit.transaction import Transaction
from vesalius.standards.maps.dicom_to_imaging_study import date_time
from vesalius.stores import record
from vesalius.stores.access import Principal, require, verify_password

log = logger(__name__)

RENDER = "vesalius.imaging.reports.pdf:render"


async def sign(
    tx: Transaction,
    principal: Principal | None,
    study_instance_uid: str,
    *,
    password: str,
    status: Literal["preliminary", "final"],
    revision: int | None = None,
) -> SignedReport:
    """Sign the draft of a study's report.

    `revision` is the draft the signer saw: Conflict when it is another now. Raises Forbidden
    when the password is wrong, Invalid when a required section is empty.
    """
    principal = require(principal, "report.sign")
    if status not in ("preliminary", "final"):
        raise Invalid("a report is signed preliminary or final")
    study = await visible(tx, principal, study_instance_uid)
    await verify_password(tx, principal, password)
    # The draft's row orders signers: the second finds nothing left to sign.
    draft = await find_draft(tx, study_instance_uid, lock=True)
    if draft is None:
        raise Conflict("there is no draft to sign")
    if revision is not None and revision != draft.revision:
        raise Conflict("this draft was changed meanwhile; read it again", revision=draft.revision)
    _require_complete(draft.content)
    before = await find_signed(tx, study_instance_uid, lock=True)
    report = await _publish(
        tx,
        principal,
        study,
        draft.content,
        before,
        status=_status(status, before),
        addenda=before.addenda if before else (),
    )
    await drop_draft(tx, study_instance_uid)
    if report.status != "preliminary":
        await reading.finished(tx, study_instance_uid)
    else:
        await reading.undrafted(tx, study_instance_uid)
    return report


async def append(
    tx: Transaction,
    principal: Principal | None,
    study_instance_uid: str,
    *,
    text: str,
    password: str,
) -> SignedReport:
    """Add a signed addendum to a final report, whose own text stays as it is."""
    principal = require(principal, "report.sign")
    study = await visible(tx, principal, study_instance_uid)
    if not text.strip():
        raise Invalid("the addendum is empty")
    await verify_password(tx, principal, password)
    before = await find_signed(tx, study_instance_uid, lock=True)
    if before is None or before.status == "preliminary":
        raise Conflict("only a final report takes an addendum")
    addendum = {
        "text": text.strip(),
        "author": principal.name,
        "display": principal.display,
        "when": tx.now.isoformat(timespec="seconds"),
    }
    return await _publish(
        tx,
        principal,
        study,
        before.content,
        before,
        status="appended",
        addenda=[*before.addenda, addendum],
        signer=before,
    )


async def finish_order(tx: Transaction, study_instance_uid: str) -> None:
    """Complete the order of a study whose report is final; idempotent."""
    study = await find_study(tx, study_instance_uid)
    signed = await find_signed(tx, study_instance_uid)
    if study is None or signed is None or signed.status == "preliminary":
        return
    if (order := await order_of(tx, study)) is not None:
        await complete(tx, order)


async def report_pdf(
    tx: Transaction, principal: Principal | None, study_instance_uid: str
) -> tuple[SignedReport, bytes]:
    """The signed report with its PDF; its digest is verified before a byte is given away."""
    principal = require(principal, "record.read:DiagnosticReport")
    await visible(tx, principal, study_instance_uid)
    signed = await find_signed(tx, study_instance_uid)
    if signed is None:
        raise NotFound("this study has no signed report")
    # Reading it as a resource asks the policy of the record, and notes who looked.
    await record.read(tx, principal, "DiagnosticReport", signed.report_reference)
    content = await tx.blobs.read(signed.pdf_key)
    if hashlib.sha1(content, usedforsecurity=False).digest() != signed.pdf_sha1:
        log.error("a report's PDF is damaged", study=study_instance_uid, key=signed.pdf_key)
        raise Unavailable("the stored PDF is damaged; the operator was told")
    return signed, content


def _status(asked: str, before: SignedReport | None) -> str:
    """A final report can only be amended; a preliminary one becomes what is asked."""
    return asked if before is None or before.status == "preliminary" else "amended"


def _require_complete(content: Content) -> None:
    chosen = check(content)
    missing = [
        s.id for s in chosen.sections if s.required and not content.sections.get(s.id, "").strip()
    ]
    if not content.conclusion.strip():
        missing.append("conclusion")
    if missing:
        raise Invalid("required sections are empty", sections=missing)


async def _publish(
    tx: Transaction,
    principal: Principal,
    study: ImagingStudy,
    content: Content,
    before: SignedReport | None,
    *,
    status: str,
    addenda: Any,
    signer: SignedReport | None = None,
) -> SignedReport:
    """Write a signed report everywhere it stands: PDF, DiagnosticReport, rows, news."""
    if study.patient_reference is None:
        raise Conflict("this study waits for its patient; attach it before reporting")
    order = await order_of(tx, study)
    report = SignedReport(
        study_instance_uid=study.study_instance_uid,
        report_reference=before.report_reference if before else new_id(),
        patient_reference=study.patient_reference,
        order_reference=order.order_reference if order else None,
        status=status,
        content=content,
        signed_by=signer.signed_by if signer else principal.name,
        signed_display=signer.signed_display if signer else principal.display,
        signed_practitioner=(
            signer.signed_practitioner if signer else principal.practitioner_reference
        ),
        signed_at=signer.signed_at if signer else tx.now,
        pdf_key="",
        pdf_size=0,
        pdf_sha1=b"",
        addenda=tuple(addenda),
    )
    who = await card(tx, study.patient_reference)
    report = await _print(tx, report, document(report, study, who, order))
    body = diagnostic_report(
        report,
        study,
        order,
        started=date_time(study.study_date, study.study_time),
        modality=reading.main_modality(study.modalities) or "OT",
        base_url=tx.settings.base_url,
    )
    writer = lend(principal, "record.write:DiagnosticReport")
    # Under our id from the first version on: create when new, a new version otherwise.
    await record.update(tx, writer, "DiagnosticReport", report.report_reference, body)
    await keep_signed(tx, report)
    tx.announce(
        ReportSigned(
            report.study_instance_uid,
            report.report_reference,
            report.patient_reference,
            report.order_reference,
            report.status,
        )
    )
    return report


async def _print(
    tx: Transaction, report: SignedReport, contents: Mapping[str, Any]
) -> SignedReport:
    """The report with its PDF made and durable (bytes first, then the row)."""
    printed: bytes = await tx.workers.run(RENDER, contents)
    writer = await tx.blobs.open_writer("documents")
    try:
        writer.write(printed)
        sealed = await writer.seal()
    except BaseException:
        await writer.discard()
        raise
    # FHIR Attachment.hash is SHA-1 (R4 datatypes, Attachment).
    digest = hashlib.sha1(printed, usedforsecurity=False).digest()
    return replace(report, pdf_key=sealed.key, pdf_size=sealed.size, pdf_sha1=digest)
