"""The printed report's contents, as plain values for `pdf.render`."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from vesalius.care.orders import Order
from vesalius.care.patients import Card
from vesalius.imaging.reports.model import SignedReport
from vesalius.imaging.reports.templates import say, template
from vesalius.imaging.reports.wording import words
from vesalius.imaging.studies import ImagingStudy
from vesalius.standards.maps.dicom_to_patient import display_name


def document(
    report: SignedReport, study: ImagingStudy, card: Card, order: Order | None
) -> dict[str, Any]:
    """What `pdf.render` prints of a signed report."""
    content = report.content
    said = words(content.language)
    title = study.description or (order.procedure_display if order else "") or said["report"]
    notices = []
    if content.critical:
        notices.append(said["critical"])
    if content.follow_up:
        notices.append(f"{said['follow_up']}: {content.follow_up}")
    return {
        "language": content.language,
        "title": title,
        "banner": said[report.status],
        "facts": _facts(study, card, order, said, title),
        "sections": titled_sections(report),
        "conclusion": [said["conclusion"], content.conclusion],
        "notices": notices,
        "addenda": [
            [
                said["addendum"].format(author=a["display"], when=moment(a["when"])),
                a["text"],
            ]
            for a in report.addenda
        ],
        "signature": [
            said["signed"].format(author=report.signed_display, when=moment(report.signed_at))
        ],
        "footer": " · ".join(filter(None, [card.display, card.mrn, study.accession_number, title])),
        "page": said["page"],
    }


def titled_sections(report: SignedReport) -> list[list[str]]:
    """The sections that say something, as [title, text], in the template's order."""
    content = report.content
    return [
        [say(section.title, content.language), content.sections[section.id]]
        for section in template(content.template).sections
        if content.sections.get(section.id, "").strip()
    ]


def _facts(
    study: ImagingStudy, card: Card, order: Order | None, said: Mapping[str, str], title: str
) -> list[list[str]]:
    names = [line for name in card.names if (line := display_name([name]))]
    number = f"{card.mrn} ({card.mrn_assigner})" if card.mrn and card.mrn_assigner else card.mrn
    facts = [
        [said["patient"], "\n".join(names)],
        [said["born"], card.birth_date or ""],
        [said["sex"], said.get(card.gender or "", "")],
        [said["mrn"], number or ""],
        [said["study"], " · ".join(filter(None, [title, ", ".join(study.modalities)]))],
        [said["date"], day(study.study_date)],
        [said["accession"], study.accession_number or (order.accession_number if order else "")],
        [said["requester"], (order.requester if order else None) or ""],
    ]
    return [[label, value] for label, value in facts if value]


def day(study_date: str | None) -> str:
    """A DICOM DA as people read it everywhere (ISO 8601)."""
    digits = (study_date or "").replace(".", "")
    return f"{digits[:4]}-{digits[4:6]}-{digits[6:8]}" if len(digits) == 8 else ""


def moment(when: datetime | str) -> str:
    """An instant with its zone, to the minute."""
    at = datetime.fromisoformat(when) if isinstance(when, str) else when
    return f"{at:%Y-%m-%d %H:%M} {at:%Z}".strip()
