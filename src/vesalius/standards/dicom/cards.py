"""Cards: a picture for objects that have none (documents, reports, plans, videos).

A card says what kind of thing it is and its title, never who the patient is.
"""

from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from vesalius.standards.dicom.attributes import Json, first_value, text
from vesalius.standards.dicom.pixel_description import Array

SIDE = 512
PAPER, INK, FAINT, LINE = (24, 28, 34), (226, 232, 240), (148, 160, 176), (70, 80, 94)
TITLE_CHARACTERS, TITLE_LINES = 30, 4
# Modality (PS3.3 C.7.3.1.1.1), where its letters alone would not tell.
KINDS = {
    "SR": "Structured report",
    "DOC": "Document",
    "ECG": "ECG",
    "KO": "Key images",
    "PR": "Presentation",
    "RTSTRUCT": "Structure set",
    "RTPLAN": "Treatment plan",
    "RTDOSE": "Dose",
    "REG": "Registration",
    "SEG": "Segmentation",
    "FID": "Fiducials",
    "RWV": "Real world values",
    "PLAN": "Plan",
}


def card(dataset: Json) -> Array:
    """A square RGB picture with the object's kind and title."""
    image = Image.new("RGB", (SIDE, SIDE), PAPER)
    draw = ImageDraw.Draw(image)
    modality = text(dataset, "00080060", "?")[:12]
    _sheet(draw)
    draw.text((SIDE / 2, 176), modality, INK, _font(72), anchor="mm")
    draw.text((SIDE / 2, 244), KINDS.get(modality, ""), FAINT, _font(28), anchor="mm")
    for number, line in enumerate(_wrapped(_title(dataset))):
        draw.text((SIDE / 2, 320 + 36 * number), line, INK, _font(26), anchor="mm")
    return np.asarray(image)


def _sheet(draw: ImageDraw.ImageDraw) -> None:
    """A page with a folded corner, drawn as an outline."""
    left, top, right, bottom, fold = 56, 40, SIDE - 56, SIDE - 40, 64
    outline = [(left, top), (right - fold, top), (right, top + fold), (right, bottom)]
    draw.line([*outline, (left, bottom), (left, top)], LINE, 4, joint="curve")
    draw.line([(right - fold, top), (right - fold, top + fold), (right, top + fold)], LINE, 4)


def _title(dataset: Json) -> str:
    """DocumentTitle, the SR's concept name, ContentLabel, or the series' description."""
    if title := text(dataset, "00420010"):
        return title
    concept: Any = first_value(dataset, "0040A043")
    if isinstance(concept, dict) and (meaning := text(concept, "00080104")):
        return meaning
    return text(dataset, "00700080") or text(dataset, "0008103E")


def _wrapped(title: str) -> list[str]:
    lines = [""]
    for word in title.split():
        if lines[-1] and len(lines[-1]) + len(word) >= TITLE_CHARACTERS:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word[:TITLE_CHARACTERS]}".strip()
    return lines[:TITLE_LINES]


def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)
