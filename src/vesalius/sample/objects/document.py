"""A letter from elsewhere as an encapsulated PDF."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence

from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as DicomSequence
from pydicom.uid import EncapsulatedPDFStorage
from reportlab.lib.pagesizes import A4  # type: ignore[import-untyped]
from reportlab.pdfgen.canvas import Canvas  # type: ignore[import-untyped]

from vesalius.sample.objects.subject import Exam, Subject, coded, dicom_date, dicom_time, start


def letter(subject: Subject, exam: Exam, title: str, lines: Sequence[str]) -> Iterator[Dataset]:
    """One page, in the study it came with."""
    dataset = start(
        subject, exam, sop_class_uid=EncapsulatedPDFStorage, series_number=1,
        series_description=title, instance_number=1, seconds=0,
    )  # fmt: skip
    moment = exam.at(0)
    dataset.ConversionType = "WSD"
    dataset.AcquisitionDateTime = dicom_date(moment) + dicom_time(moment)
    dataset.BurnedInAnnotation = "YES"
    dataset.DocumentTitle = title
    dataset.ConceptNameCodeSequence = DicomSequence([coded("11488-4", "LN", "Consult note")])
    dataset.MIMETypeOfEncapsulatedDocument = "application/pdf"
    pdf = _page(title, lines)
    dataset.EncapsulatedDocumentLength = len(pdf)
    dataset.EncapsulatedDocument = pdf + b"\0" * (len(pdf) % 2)
    yield dataset


def _page(title: str, lines: Sequence[str]) -> bytes:
    buffer = io.BytesIO()
    # Invariant: no clock and no random identifier, so that the same letter is the same bytes.
    canvas = Canvas(buffer, pagesize=A4, invariant=True)
    canvas.setTitle(title)
    canvas.setFont("Helvetica-Bold", 15)
    canvas.drawString(60, 770, title)
    canvas.setFont("Helvetica", 11)
    for number, line in enumerate(lines):
        canvas.drawString(60, 735 - 16 * number, line)
    canvas.showPage()
    canvas.save()
    return buffer.getvalue()
