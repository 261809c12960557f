"""Writing a report: drafts with a revision, never a silent overwrite.

A draft is the readers' alone: the chart, the record and its history hold nothing of it until it
is signed.
"""

from vesalius.care.orders import Order, find_order
from vesalius.imaging import reading
from vesalius.imaging.reports.document import day
from vesalius.imaging.reports.model import Content, Draft, Report
from vesalius.imaging.reports.rows import drop_draft, find_draft, find_signed, keep_draft
from vesalius.imaging.reports.templates import Template, template, templates_for
from vesalius.imaging.studies import ImagingStudy, priors, visible
from vesalius.kit.errors import Conflict, Invalid
from vesalius.kit.transaction import Transaction
from vesalius.stores import audit
from vesalius.stores.access import Principal, permits, require

MAX_TEXT = 100_000


async def report(tx: Transaction, principal: Principal | None, study_instance_uid: str) -> Report:
    """The report of a study: the draft too for those who write reports, else what is signed."""
    principal = require(principal, "record.read:DiagnosticReport")
    study = await visible(tx, principal, study_instance_uid)
    signed = await find_signed(tx, study_instance_uid)
    if signed is not None:
        await audit.record(
            tx,
            principal,
            "R",
            audit.kinds.PATIENT_RECORD,
            reference=f"DiagnosticReport/{signed.report_reference}",
            patient_reference=signed.patient_reference,
        )
    if not permits(principal, "report.write"):
        return Report(None, signed)
    draft = await find_draft(tx, study_instance_uid)
    if draft is not None:
        return Report(draft, signed)
    proposed = signed.content if signed else await _proposal(tx, principal, study)
    return Report(None, signed, proposed)


async def save_draft(
    tx: Transaction,
    principal: Principal | None,
    study_instance_uid: str,
    content: Content,
    *,
    revision: int,
) -> Draft:
    """Keep a draft; `revision` is the one it was made from, 0 for a new one.

    Takes the study for the writer if nobody has it. Raises Conflict when the draft is not at
    that revision any more, or somebody else is reading the study.
    """
    principal = require(principal, "report.write")
    study = await visible(tx, principal, study_instance_uid)
    if study.patient_reference is None:
        raise Conflict("this study waits for its patient; attach it before reporting")
    check(content)
    # Two writers come one after the other, also where there is no row to lock yet.
    await tx.execute(
        "SELECT pg_advisory_xact_lock(hashtextextended(%s, 11))", (study_instance_uid,)
    )
    await _claim(tx, principal, study_instance_uid)
    current = await find_draft(tx, study_instance_uid, lock=True)
    if revision != (current.revision if current else 0):
        raise Conflict(
            "this draft was changed meanwhile; read it again",
            revision=current.revision if current else 0,
            author=current.author_display if current else None,
        )
    number = await keep_draft(
        tx, study_instance_uid, content, author=principal.name, display=principal.display
    )
    if current is None:
        await reading.drafted(tx, study_instance_uid)
    return Draft(content, number, principal.name, principal.display, tx.now)


async def discard_draft(
    tx: Transaction, principal: Principal | None, study_instance_uid: str, *, revision: int
) -> None:
    """Throw a draft away. Raises Conflict when it is not at that revision."""
    principal = require(principal, "report.write")
    await visible(tx, principal, study_instance_uid)
    current = await find_draft(tx, study_instance_uid, lock=True)
    if current is None or current.revision != revision:
        raise Conflict("this draft was changed meanwhile; read it again")
    await drop_draft(tx, study_instance_uid)
    signed = await find_signed(tx, study_instance_uid)
    final = signed is not None and signed.status != "preliminary"
    await (reading.finished if final else reading.undrafted)(tx, study_instance_uid)


async def order_of(tx: Transaction, study: ImagingStudy) -> Order | None:
    """The order that a study answers."""
    return await find_order(tx, study.order_reference) if study.order_reference else None


def check(content: Content) -> Template:
    """Refuse what no template holds; the template."""
    chosen = template(content.template)
    known = {section.id for section in chosen.sections}
    if unknown := set(content.sections) - known:
        raise Invalid(f"the template has no section {min(unknown)}")
    if sum(len(text) for text in [*content.sections.values(), content.conclusion]) > MAX_TEXT:
        raise Invalid("the report is too long")
    return chosen


async def _claim(tx: Transaction, principal: Principal, study_instance_uid: str) -> None:
    """Take the study for its writer, when it stands on the list and is not signed."""
    item = await reading.reading_item(tx, principal, study_instance_uid)
    if item is not None and item.status != "signed":
        await reading.claim(tx, principal, study_instance_uid)


async def _proposal(tx: Transaction, principal: Principal, study: ImagingStudy) -> Content:
    """A new report's beginning: the fitting template, with what the house already knows."""
    order = await order_of(tx, study)
    modality = reading.main_modality(study.modalities)
    part = (order.body_site if order else None) or study.body_part
    chosen = templates_for(modality, part)[0]
    known = {
        "indication": (order.indication if order else None) or "",
        "procedure": (order.procedure_display if order else None) or study.description or "",
        "comparison": await _comparison(tx, principal, study),
    }
    sections = {s.id: known[s.source] for s in chosen.sections if s.source and known.get(s.source)}
    return Content(chosen.id, principal.language, sections)


async def _comparison(tx: Transaction, principal: Principal, study: ImagingStudy) -> str:
    if not permits(principal, "study.read"):
        return ""
    relevant = [p.study for p in await priors(tx, principal, study.study_instance_uid)]
    lines = [
        " ".join(filter(None, [one.description or ", ".join(one.modalities), day(one.study_date)]))
        for one in relevant[:1]
    ]
    return "; ".join(lines)
