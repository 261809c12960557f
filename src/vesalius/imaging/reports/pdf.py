"""The report on paper: A4, one column, the patient on every page.

`render` is a plain function over plain values; it runs in a worker process.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any

from reportlab.lib.colors import Color, black  # type: ignore[import-untyped]
from reportlab.lib.pagesizes import A4  # type: ignore[import-untyped]
from reportlab.pdfbase.pdfmetrics import stringWidth  # type: ignore[import-untyped]
from reportlab.pdfgen.canvas import Canvas  # type: ignore[import-untyped]

from vesalius.imaging.reports.typesetting import BOLD, REGULAR, Faces, Line

WIDTH, HEIGHT = A4
MARGIN = 56.0
COLUMN = WIDTH - 2 * MARGIN
BOTTOM = 64.0
GREY = Color(0.35, 0.35, 0.38)
RED = Color(0.72, 0.07, 0.07)


def render(document: Mapping[str, Any]) -> bytes:
    """The PDF of a report document.

    `document`: language, title, banner (or empty), facts [[label, value], …], sections
    [[title, text], …], conclusion [title, text], notices [text, …], signature [text, …],
    addenda [[title, text], …], footer (who and which study, on every page), page (a pattern).
    """
    sheet = _Sheet(document)
    sheet.write(document["title"], size=16, weight=BOLD)
    if document["banner"]:
        sheet.write(document["banner"], size=11, weight=BOLD, color=RED)
    sheet.rule()
    sheet.table(document["facts"])
    sheet.rule()
    for title, text in document["sections"]:
        sheet.section(title, text)
    title, text = document["conclusion"]
    sheet.section(title, text, weight=BOLD)
    for notice in document["notices"]:
        sheet.space(6)
        sheet.write(notice, weight=BOLD, color=RED)
    for title, text in document["addenda"]:
        sheet.rule()
        sheet.section(title, text)
    sheet.rule()
    for line in document["signature"]:
        sheet.write(line, size=9, color=GREY)
    return sheet.finish()


@dataclass(frozen=True, slots=True)
class _Mark:
    """A piece of text in its place; without text, a rule across the column."""

    y: float
    x: float = MARGIN
    text: str = ""
    font: str = ""
    size: float = 0
    color: Color = GREY


@dataclass(slots=True)
class _Sheet:
    """Writes down the column and turns pages; draws at the end, when their number is known."""

    document: Mapping[str, Any]
    faces: Faces = field(init=False)
    pages: list[list[_Mark]] = field(default_factory=lambda: [[]])
    y: float = HEIGHT - MARGIN

    def __post_init__(self) -> None:
        texts = ["0123456789", *_texts(self.document)]
        self.faces = Faces(texts, language=self.document["language"])

    def write(
        self,
        text: str,
        *,
        size: float = 10.5,
        weight: int = REGULAR,
        color: Color = black,
        x: float = MARGIN,
        width: float = COLUMN,
    ) -> None:
        """A text in lines."""
        for line in self.faces.lines(text, width, size, weight):
            self.room(size * 1.4)
            self.y -= size * 1.4
            self.pages[-1] += self._marks(line, x, self.y, width, size, weight, color)

    def _marks(
        self, line: Line, x: float, y: float, width: float, size: float, weight: int, color: Color
    ) -> Iterator[_Mark]:
        visual = self.faces.visual(line)
        if line.right_to_left:
            x += width - self.faces.width(visual, size, weight)
        for font, piece in self.faces.runs(visual, weight):
            yield _Mark(y, x, piece, font, size, color)
            x += stringWidth(piece, font, size)

    def section(self, title: str, text: str, *, weight: int = REGULAR) -> None:
        """A heading with its text; a heading never stands alone at the end of a page."""
        if not text.strip():
            return
        self.space(8)
        self.room(46)
        self.write(title, size=9.5, weight=BOLD, color=GREY)
        self.write(text, weight=weight)

    def table(self, facts: Sequence[Sequence[str]]) -> None:
        """Labels and values in two columns."""
        for label, value in facts:
            if not value:
                continue
            self.room(30)
            top = self.y
            self.write(label, size=9, color=GREY, width=130)
            below, self.y = self.y, top
            self.write(value, size=10, x=MARGIN + 140, width=COLUMN - 140)
            self.y = min(self.y, below)

    def rule(self) -> None:
        """A thin line across."""
        self.room(20)
        self.space(8)
        self.pages[-1].append(_Mark(self.y))
        self.space(2)

    def space(self, height: float) -> None:
        """Leave room free."""
        self.y -= height

    def room(self, height: float) -> None:
        """Turn the page when less than this is left."""
        if self.y - height < BOTTOM:
            self.pages.append([])
            self.y = HEIGHT - MARGIN

    def finish(self) -> bytes:
        """The whole document."""
        buffer = BytesIO()
        canvas = Canvas(buffer, pagesize=A4, pageCompression=1, lang=self.document["language"])
        canvas.setTitle(self.document["title"])
        canvas.setCreator("Vesalius")
        for number, marks in enumerate(self.pages, start=1):
            for mark in [*marks, *self._footer(number)]:
                _draw(canvas, mark)
            canvas.showPage()
        canvas.save()
        self.faces.close()
        return buffer.getvalue()

    def _footer(self, number: int) -> Iterator[_Mark]:
        page = self.document["page"].format(number=number, total=len(self.pages))
        for text, y in ((self.document["footer"], 40.0), (page, 28.0)):
            line = self.faces.lines(text, COLUMN, 8)[0]
            yield from self._marks(line, MARGIN, y, COLUMN, 8, REGULAR, GREY)


def _draw(canvas: Canvas, mark: _Mark) -> None:
    if mark.text:
        canvas.setFillColor(mark.color)
        canvas.setFont(mark.font, mark.size)
        canvas.drawString(mark.x, mark.y, mark.text)
    else:
        canvas.setStrokeColor(mark.color)
        canvas.setLineWidth(0.5)
        canvas.line(MARGIN, mark.y, WIDTH - MARGIN, mark.y)


def _texts(value: Any) -> list[str]:
    """Every text in nested lists and mappings."""
    if isinstance(value, str):
        return [value]
    parts = value.values() if isinstance(value, Mapping) else value
    return [text for part in parts for text in _texts(part)]
