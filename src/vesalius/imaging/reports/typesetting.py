"""Setting text of any script for a PDF: faces, shaping, direction, lines.

Fonts are Google's Noto Sans from wheels (SIL Open Font License), so that every machine prints
the same. Each document gets small faces cut to the letters it uses: the CJK fonts are variable
fonts of 10 to 18 MB that must be fixed to a weight before ReportLab can take them.

Arabic letters take their joined forms before lines are measured, and each line is put into
visual order (Unicode bidirectional algorithm) when it is drawn.
"""

import itertools
import os
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path

import arabic_reshaper  # type: ignore[import-untyped]
from bidi.algorithm import get_display  # type: ignore[import-untyped]
from fontTools import subset  # type: ignore[import-untyped]
from fontTools.ttLib import TTFont as FontFile  # type: ignore[import-untyped]
from fontTools.varLib import instancer  # type: ignore[import-untyped]
from reportlab.pdfbase import pdfmetrics  # type: ignore[import-untyped]
from reportlab.pdfbase.ttfonts import TTFont  # type: ignore[import-untyped]

REGULAR, BOLD = 400, 700

# In the order they are tried. Han letters look different in Japan, China, Taiwan and Korea.
FONT_FILES = {
    "latin": ("fontpkg_noto_sans", "files/NotoSans[wdth,wght].ttf"),
    "arabic": ("fontpkg_noto_sans_arabic", "files/NotoSansArabic[wdth,wght].ttf"),
    "japanese": ("justmytype_intl_cjk", "fonts/ofl/notosansjp/NotoSansJP[wght].ttf"),
    "chinese": ("justmytype_intl_cjk", "fonts/ofl/notosanssc/NotoSansSC[wght].ttf"),
    "taiwanese": ("justmytype_intl_cjk", "fonts/ofl/notosanstc/NotoSansTC[wght].ttf"),
    "korean": ("justmytype_intl_cjk", "fonts/ofl/notosanskr/NotoSansKR[wght].ttf"),
}
FIRST_FOR_LANGUAGE = {"ja": "japanese", "ko": "korean", "zh-TW": "taiwanese", "zh-CN": "chinese"}
MISSING = "\ufffd"
# ReportLab reads none of these; without HVAR the widths follow from the outlines (gvar).
UNUSED_TABLES = ["GSUB", "GPOS", "GDEF", "STAT", "BASE", "vhea", "vmtx", "VORG"]
UNUSED_TABLES += ["HVAR", "VVAR", "MVAR"]

_document_numbers = itertools.count(1)
_reshaper = arabic_reshaper.ArabicReshaper({"delete_harakat": False, "support_zwj": True})


@cache
def font_path(face: str) -> Path:
    """The font file of a face."""
    package, file = FONT_FILES[face]
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise LookupError(f"the package {package} with the font {file} is not installed")
    return Path(spec.submodule_search_locations[0]) / file


@cache
def letters(face: str) -> frozenset[int]:
    """The letters a face has."""
    with FontFile(os.fspath(font_path(face)), lazy=True) as font:
        return frozenset(font.getBestCmap())


@dataclass(frozen=True, slots=True)
class Line:
    """One line in logical order, and whether its paragraph runs from right to left."""

    text: str
    right_to_left: bool


def shape(text: str) -> str:
    """Arabic letters in their joined forms (logical order); other scripts as they are."""
    if any("\u0600" <= letter <= "\u06ff" for letter in text):
        return str(_reshaper.reshape(text))
    return text


def runs_right_to_left(text: str) -> bool:
    """The direction of a paragraph: that of its first strong letter (UAX #9, P2 and P3)."""
    for letter in text:
        direction = unicodedata.bidirectional(letter)
        if direction in ("R", "AL"):
            return True
        if direction == "L":
            return False
    return False


class Faces:
    """The faces of one document, cut to the letters of its texts."""

    def __init__(self, texts: Iterable[str], *, language: str = "en") -> None:
        shaped = "".join(shape(text) for text in texts)
        # Mirrored brackets of right-to-left lines, list bullets and the ellipsis may be added.
        used = {ord(letter) for letter in shaped} | set(map(ord, " ()[]{}<>«»•…–—" + MISSING))
        # ReportLab never replaces a font or face it knows by name: a name used twice would show
        # the letters of another document.
        self._fonts: list[TTFont] = []
        self._number = next(_document_numbers)
        self._face_of = _assign(used, language)
        for face in set(self._face_of.values()):
            mine = [letter for letter, owner in self._face_of.items() if owner == face]
            cut = _cut(face, mine)
            for weight in (REGULAR, BOLD):
                name = self._name(face, weight)
                self._fonts.append(TTFont(name, BytesIO(_fixed(cut, weight, name))))
                pdfmetrics.registerFont(self._fonts[-1])

    def _name(self, face: str, weight: int) -> str:
        return f"{face}-{weight}-{self._number}"

    def close(self) -> None:
        """Forget the document's fonts, which ReportLab would keep for the process's life."""
        for font in self._fonts:
            pdfmetrics._fonts.pop(font.fontName, None)
            pdfmetrics._dynFaceNames.pop(font.face.name, None)

    def runs(self, text: str, weight: int) -> Iterator[tuple[str, str]]:
        """Pieces of a text with the registered font each is to be set in."""

        def face(letter: str) -> str:
            return self._face_of.get(ord(letter), "latin")

        for owner, group in itertools.groupby(text, key=face):
            piece = "".join(letter if ord(letter) in self._face_of else MISSING for letter in group)
            yield self._name(owner, weight), piece

    def width(self, text: str, size: float, weight: int) -> float:
        """How wide a shaped text is."""
        return float(
            sum(
                pdfmetrics.stringWidth(piece, font, size) for font, piece in self.runs(text, weight)
            )
        )

    def lines(self, text: str, width: float, size: float, weight: int = REGULAR) -> list[Line]:
        """A text broken into lines, paragraph by paragraph."""
        return [
            Line(line, runs_right_to_left(paragraph))
            for paragraph in text.splitlines() or [""]
            for line in self._fill(shape(paragraph), width, size, weight)
        ]

    def _fill(self, text: str, width: float, size: float, weight: int) -> list[str]:
        lines, line = [], ""
        for word in breakable(text):
            if line and self.width((line + word).rstrip(), size, weight) > width:
                lines.append(line.rstrip())
                line = word.lstrip()
            else:
                line += word
            # A word longer than a line is cut where it must be.
            while self.width(line.rstrip(), size, weight) > width and len(line) > 1:
                fit = next(
                    count
                    for count in range(len(line) - 1, 0, -1)
                    if count == 1 or self.width(line[:count], size, weight) <= width
                )
                lines.append(line[:fit])
                line = line[fit:]
        return [*lines, line.rstrip()]

    def visual(self, line: Line) -> str:
        """A line in the order it is drawn, left to right."""
        return str(get_display(line.text, base_dir="R" if line.right_to_left else "L"))


def breakable(text: str) -> Iterator[str]:
    """Pieces between which a line may break: after spaces, and around CJK letters."""
    piece = ""
    for letter in text:
        if letter >= "\u3040" and not _clings(letter):
            if piece:
                yield piece
            piece = letter
        else:
            piece += letter
            if letter.isspace():
                yield piece
                piece = ""
    if piece:
        yield piece


def _clings(letter: str) -> bool:
    # Closing brackets and full stops never begin a line (JIS X 4051 kinsoku); Arabic
    # presentation forms lie above the CJK blocks and join their neighbours.
    return letter in "、。，．）」』】〉》！？：；ー" or "\ufb50" <= letter <= "\ufeff"


def _assign(used: set[int], language: str) -> dict[int, str]:
    """The face of each letter that some face has."""
    order = list(FONT_FILES)
    east = FIRST_FOR_LANGUAGE.get(language)
    if east is None and any(0xAC00 <= letter <= 0xD7AF for letter in used):
        east = "korean"
    if any(0x3041 <= letter <= 0x30FF for letter in used):
        east = "japanese"
    if east:
        order.remove(east)
        order.insert(2, east)
    found: dict[int, str] = {}
    left = set(used)
    for face in order:
        if not left:
            break
        # The big fonts are opened only for what may be in them: also ≥, → and the like.
        if face not in ("latin", "arabic") and max(left) < 0x2100:
            break
        here = left & letters(face)
        found |= dict.fromkeys(here, face)
        left -= here
    return found


def _cut(face: str, wanted: list[int]) -> bytes:
    """The variable font with only these letters."""
    options = subset.Options()
    options.layout_features = []
    options.notdef_outline = True
    options.drop_tables += UNUSED_TABLES
    with FontFile(os.fspath(font_path(face)), lazy=True) as font:
        subsetter = subset.Subsetter(options)
        subsetter.populate(unicodes=wanted)
        subsetter.subset(font)
        return _saved(font)


def _fixed(cut: bytes, weight: int, name: str) -> bytes:
    """A cut font as a static one of this weight, by a name of its own."""
    with FontFile(BytesIO(cut)) as font:
        limits = {axis.axisTag: axis.defaultValue for axis in font["fvar"].axes}
        instancer.instantiateVariableFont(font, limits | {"wght": weight}, inplace=True)
        font["name"].setName(name, 6, 3, 1, 0x409)
        return _saved(font)


def _saved(font: FontFile) -> bytes:
    out = BytesIO()
    font.save(out)
    return out.getvalue()
