"""The printed report: every script, shaped and in its direction, the patient on every page."""

import io
import re
from typing import Any

import pytest
from pypdf import PdfReader

from vesalius.imaging.reports.pdf import render
from vesalius.imaging.reports.typesetting import (
    REGULAR,
    Faces,
    breakable,
    letters,
    runs_right_to_left,
    shape,
)


def document(**more: Any) -> dict[str, Any]:
    return {
        "language": "en",
        "title": "CT head",
        "banner": "",
        "facts": [["Patient", "Lovelace, Ada"]],
        "sections": [["Findings", "Normal."]],
        "conclusion": ["Conclusion", "Nothing."],
        "notices": [],
        "addenda": [],
        "signature": ["Signed by Dr. Bob"],
        "footer": "Lovelace, Ada · 4711",
        "page": "Page {number} of {total}",
        **more,
    }


def text_of(pdf: bytes) -> str:
    """The text of a PDF as another program reads it."""
    return "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages)


def test_a_report_holds_its_text() -> None:
    text = text_of(render(document(banner="PRELIMINARY", notices=["Critical result"])))
    for part in ("CT head", "PRELIMINARY", "Lovelace, Ada", "Findings", "Normal.", "Nothing."):
        assert part in text
    assert "Critical result" in text
    assert "Page 1 of 1" in text


@pytest.mark.parametrize(
    "words",
    ["Иванов, Пётр", "山田 太郎", "やまだ たろう", "홍길동", "Œdème ≥ 5 µm", "王小明", "Ελένη"],
)
def test_every_script_is_embedded(words: str) -> None:
    pdf = render(document(facts=[["Patient", words]]))
    # Letters of two faces are two pieces of text to another program.
    assert "".join(words.split()) in "".join(text_of(pdf).split())
    assert b"/FontFile2" in pdf


def test_arabic_is_joined_and_drawn_from_right_to_left() -> None:
    pdf = text_of(render(document(facts=[["Patient", "محمد (CT)"]])))
    shaped = shape("محمد")
    assert shaped != "محمد"
    assert shaped in pdf or shaped[::-1] in pdf
    faces = Faces(["محمد (CT)"])
    [laid] = faces.lines("محمد (CT)", 500, 10)
    assert laid.right_to_left
    assert faces.visual(laid) == f"(CT) {shaped[::-1]}"


def test_the_patient_stands_on_every_page() -> None:
    pdf = text_of(render(document(sections=[["Findings", "Normal. " * 2500]])))
    pages = int(re.findall(r"Page \d+ of (\d+)", pdf)[0])
    assert pages > 2
    assert pdf.count("Lovelace, Ada · 4711") == pages


def test_empty_sections_are_left_out() -> None:
    assert "Comparison" not in text_of(render(document(sections=[["Comparison", "  "]])))


def test_no_line_is_wider_than_its_column() -> None:
    text = "Antidisestablishmentarianism " * 5 + "x" * 400 + "頭蓋内出血を認めない。" * 20
    faces = Faces([text])
    lines = faces.lines(text, 200, 10)
    assert all(faces.width(line.text, 10, REGULAR) <= 200 for line in lines)
    assert "".join(line.text for line in lines).replace(" ", "") == text.replace(" ", "")


def test_lines_break_around_ideographs_but_not_before_a_full_stop() -> None:
    assert list(breakable("頭部。CT scan")) == ["頭", "部。CT ", "scan"]


def test_a_letter_no_font_has_is_shown_as_missing() -> None:
    unknown = "\U0001f98c"
    assert all(ord(unknown) not in letters(face) for face in ("latin", "arabic", "japanese"))
    assert "\ufffd" in text_of(render(document(facts=[["Patient", f"A{unknown}B"]])))


def test_direction_is_that_of_the_first_strong_letter() -> None:
    assert runs_right_to_left("12 محمد abc")
    assert not runs_right_to_left("abc محمد")
    assert not runs_right_to_left("123")


def test_what_looks_like_markup_is_text() -> None:
    assert "<b>5</b> & (x) \\" in text_of(render(document(facts=[["A", "<b>5</b> & (x) \\"]])))


def test_one_documents_letters_never_show_in_another() -> None:
    """ReportLab keeps fonts by name for the process's life; workers print many documents."""
    from reportlab.pdfbase import pdfmetrics

    render(document(facts=[["Patient", "abc"]]))
    fonts = len(pdfmetrics._fonts)
    assert "xyz 123 &%" in text_of(render(document(facts=[["Patient", "xyz 123 &%"]])))
    assert len(pdfmetrics._fonts) == fonts
