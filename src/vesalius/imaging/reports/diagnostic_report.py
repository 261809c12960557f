"""A signed report as a FHIR R4 DiagnosticReport."""

import base64
from html import escape
from typing import Any

from vesalius.care.orders import Order
from vesalius.imaging.reports.document import titled_sections
from vesalius.imaging.reports.model import SignedReport
from vesalius.imaging.reports.wording import words
from vesalius.imaging.studies import ImagingStudy

REPORT_SYSTEM = "urn:vesalius:report"
USER_SYSTEM = "urn:vesalius:user"
CRITICAL_URL = "urn:vesalius:critical-result"
FOLLOW_UP_URL = "urn:vesalius:recommended-follow-up"
# HL7 table 0074, the sections of diagnostic services.
CATEGORIES = {
    "CT": ("CT", "CAT Scan"),
    "MR": ("NMR", "Nuclear Magnetic Resonance"),
    "NM": ("NMS", "Nuclear Medicine Scan"),
    "PT": ("NMS", "Nuclear Medicine Scan"),
    "US": ("RUS", "Radiology Ultrasound"),
    "ECG": ("EC", "Electrocardiac (e.g., EKG, EEC, Holter)"),
}
SECTION_SYSTEM = "http://terminology.hl7.org/CodeSystem/v2-0074"


def diagnostic_report(
    report: SignedReport,
    study: ImagingStudy,
    order: Order | None,
    *,
    started: str | None,
    modality: str,
    base_url: str,
) -> dict[str, Any]:
    """The body, under the id that the report has in the record."""
    interpreter = _interpreter(report)
    body: dict[str, Any] = {
        "resourceType": "DiagnosticReport",
        "id": report.report_reference,
        "text": {"status": "generated", "div": _narrative(report)},
        "extension": _extensions(report),
        "identifier": [
            {"system": REPORT_SYSTEM, "value": f"{study.study_instance_uid}/report"},
        ],
        "basedOn": [{"reference": f"ServiceRequest/{order.order_reference}"}] if order else [],
        "status": report.status,
        "category": [_category(modality)],
        "code": _code(study, order),
        "subject": {"reference": f"Patient/{report.patient_reference}"},
        "effectiveDateTime": started,
        "issued": report.signed_at.isoformat(timespec="seconds"),
        "performer": [interpreter],
        "resultsInterpreter": [interpreter],
        "imagingStudy": [
            {
                "reference": f"ImagingStudy/{study.id}",
                "identifier": {
                    "system": "urn:dicom:uid",
                    "value": f"urn:oid:{study.study_instance_uid}",
                },
            }
        ],
        "conclusion": _conclusion(report),
        "presentedForm": [
            {
                "contentType": "application/pdf",
                "language": report.content.language,
                "url": f"{base_url}/api/studies/{study.study_instance_uid}/report.pdf",
                "size": report.pdf_size,
                "hash": base64.b64encode(report.pdf_sha1).decode(),
                "title": _code(study, order)["text"],
                "creation": report.signed_at.isoformat(timespec="seconds"),
            }
        ],
    }
    return {key: value for key, value in body.items() if value not in (None, "", [])}


def _interpreter(report: SignedReport) -> dict[str, Any]:
    reference: dict[str, Any] = {
        "identifier": {"system": USER_SYSTEM, "value": report.signed_by},
        "display": report.signed_display,
    }
    if report.signed_practitioner:
        reference["reference"] = f"Practitioner/{report.signed_practitioner}"
    return reference


def _extensions(report: SignedReport) -> list[dict[str, Any]]:
    extensions: list[dict[str, Any]] = []
    if report.content.critical:
        extensions.append({"url": CRITICAL_URL, "valueBoolean": True})
    if report.content.follow_up:
        extensions.append({"url": FOLLOW_UP_URL, "valueString": report.content.follow_up})
    return extensions


def _category(modality: str) -> dict[str, Any]:
    code, display = CATEGORIES.get(modality, ("RAD", "Radiology"))
    return {"coding": [{"system": SECTION_SYSTEM, "code": code, "display": display}]}


def _code(study: ImagingStudy, order: Order | None) -> dict[str, Any]:
    if order is not None and order.procedure_code:
        coding = {
            "system": order.procedure_system,
            "code": order.procedure_code,
            "display": order.procedure_display,
        }
        return {
            "coding": [{key: value for key, value in coding.items() if value}],
            "text": order.procedure_display,
        }
    general = {
        "system": "http://loinc.org",
        "code": "18748-4",
        "display": "Diagnostic imaging study",
    }
    return {"coding": [general], "text": study.description or "Diagnostic imaging study"}


def _conclusion(report: SignedReport) -> str:
    addenda = [str(addendum["text"]) for addendum in report.addenda]
    return "\n\n".join(filter(None, [report.content.conclusion, *addenda]))


def _narrative(report: SignedReport) -> str:
    said = words(report.content.language)
    parts = [*titled_sections(report), [said["conclusion"], report.content.conclusion]]
    if report.content.critical:
        parts.append([said["critical"], "!"])
    if report.content.follow_up:
        parts.append([said["follow_up"], report.content.follow_up])
    parts += [
        [said["addendum"].format(author=a["display"], when=a["when"]), a["text"]]
        for a in report.addenda
    ]
    body = "".join(
        f"<h3>{escape(title)}</h3>" + "".join(f"<p>{escape(p)}</p>" for p in text.splitlines() if p)
        for title, text in parts
        if text.strip()
    )
    return (
        f'<div xmlns="http://www.w3.org/1999/xhtml" lang="{report.content.language}">{body}</div>'
    )
