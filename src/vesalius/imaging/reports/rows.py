"""Drafts and signed reports in their tables."""

from collections.abc import Sequence
from typing import Any

from psycopg.types.json import Jsonb

from vesalius.imaging.reports.model import Content, Draft, SignedReport
from vesalius.kit.transaction import Transaction

CONTENT = ("template", "language", "sections", "conclusion", "critical", "follow_up")


async def find_draft(
    tx: Transaction, study_instance_uid: str, *, lock: bool = False
) -> Draft | None:
    """The draft of a study's report."""
    row = await tx.fetch_one(
        "SELECT * FROM report_draft WHERE study_instance_uid = %s"
        + (" FOR UPDATE" if lock else ""),
        (study_instance_uid,),
    )
    if row is None:
        return None
    return Draft(
        content=_content(row),
        revision=row["revision"],
        author=row["author"],
        author_display=row["author_display"],
        changed=row["changed"],
    )


async def keep_draft(
    tx: Transaction, study_instance_uid: str, content: Content, *, author: str, display: str
) -> int:
    """Write a draft; its new revision."""
    revision: int = await tx.fetch_value(
        "INSERT INTO report_draft AS d (study_instance_uid, template, language, sections,"
        " conclusion, critical, follow_up, revision, author, author_display, changed)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s, 1, %s, %s, %s)"
        " ON CONFLICT (study_instance_uid) DO UPDATE SET template = excluded.template,"
        " language = excluded.language, sections = excluded.sections,"
        " conclusion = excluded.conclusion, critical = excluded.critical,"
        " follow_up = excluded.follow_up, revision = d.revision + 1, author = excluded.author,"
        " author_display = excluded.author_display, changed = excluded.changed RETURNING revision",
        (study_instance_uid, *_values(content), author, display, tx.now),
    )
    return revision


async def drop_draft(tx: Transaction, study_instance_uid: str) -> None:
    """Forget a draft; what was signed of it stands elsewhere."""
    await tx.execute(
        "DELETE FROM report_draft WHERE study_instance_uid = %s", (study_instance_uid,)
    )


async def find_signed(
    tx: Transaction, study_instance_uid: str, *, lock: bool = False
) -> SignedReport | None:
    """The signed report of a study."""
    row = await tx.fetch_one(
        "SELECT * FROM signed_report WHERE study_instance_uid = %s"
        + (" FOR UPDATE" if lock else ""),
        (study_instance_uid,),
    )
    return _signed(row) if row else None


async def signed_statuses(tx: Transaction, studies: Sequence[str]) -> dict[str, str]:
    """The status of the signed report of each of these studies that has one."""
    rows = await tx.fetch_all(
        "SELECT study_instance_uid, status FROM signed_report WHERE study_instance_uid = ANY(%s)",
        (list(studies),),
    )
    return {row["study_instance_uid"]: row["status"] for row in rows}


async def keep_signed(tx: Transaction, report: SignedReport) -> None:
    """Write the signed report, and the signature beside all earlier ones."""
    content = report.content
    await tx.execute(
        "INSERT INTO signed_report (study_instance_uid, report_reference, patient_reference,"
        " order_reference, status, template, language, sections, conclusion, critical, follow_up,"
        " addenda, signed_by, signed_display, signed_practitioner, signed_at, pdf_key, pdf_size,"
        " pdf_sha1) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s,"
        " %s) ON CONFLICT (study_instance_uid) DO UPDATE SET"
        " report_reference = excluded.report_reference,"
        " patient_reference = excluded.patient_reference,"
        " order_reference = excluded.order_reference, status = excluded.status,"
        " template = excluded.template, language = excluded.language,"
        " sections = excluded.sections, conclusion = excluded.conclusion,"
        " critical = excluded.critical, follow_up = excluded.follow_up,"
        " addenda = excluded.addenda, signed_by = excluded.signed_by,"
        " signed_display = excluded.signed_display,"
        " signed_practitioner = excluded.signed_practitioner, signed_at = excluded.signed_at,"
        " pdf_key = excluded.pdf_key, pdf_size = excluded.pdf_size, pdf_sha1 = excluded.pdf_sha1",
        (
            report.study_instance_uid,
            report.report_reference,
            report.patient_reference,
            report.order_reference,
            report.status,
            *_values(content),
            Jsonb(list(report.addenda)),
            report.signed_by,
            report.signed_display,
            report.signed_practitioner,
            report.signed_at,
            report.pdf_key,
            report.pdf_size,
            report.pdf_sha1,
        ),
    )
    last = report.addenda[-1] if report.status == "appended" and report.addenda else None
    await tx.execute(
        "INSERT INTO report_signature (study_instance_uid, report_reference, patient_reference,"
        " status, signed_by, signed_at, content, pdf_key)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s, %s)",
        (
            report.study_instance_uid,
            report.report_reference,
            report.patient_reference,
            report.status,
            last["author"] if last else report.signed_by,
            tx.now,
            Jsonb(
                {
                    "sections": dict(content.sections),
                    "conclusion": content.conclusion,
                    "critical": content.critical,
                    "follow_up": content.follow_up,
                    "addenda": list(report.addenda),
                }
            ),
            report.pdf_key,
        ),
    )


async def drop_signed(tx: Transaction, study_instance_uid: str) -> None:
    """A study has no signed report any more; its signatures stay."""
    await tx.execute(
        "DELETE FROM signed_report WHERE study_instance_uid = %s", (study_instance_uid,)
    )


def _values(content: Content) -> tuple[Any, ...]:
    return (
        content.template,
        content.language,
        Jsonb(dict(content.sections)),
        content.conclusion,
        content.critical,
        content.follow_up,
    )


def _content(row: dict[str, Any]) -> Content:
    return Content(**{name: row[name] for name in CONTENT})


def _signed(row: dict[str, Any]) -> SignedReport:
    content = _content(row)
    rest = {name: value for name, value in row.items() if name not in CONTENT}
    return SignedReport(content=content, **rest)
