"""Waveforms as a picture: an ECG on its paper (PS3.3 A.34, C.10.9)."""

import math
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from vesalius.kit.errors import Invalid
from vesalius.standards.dicom.attributes import Json, first_value, integer, number, text
from vesalius.standards.dicom.pixel_description import BIG_ENDIAN, Array

WIDTH, HEIGHT, MARGIN = 1200, 720, 12
PAPER, FINE, COARSE, INK = (255, 252, 250), (250, 224, 222), (240, 190, 188), (20, 20, 28)
MOST_CHANNELS, MOST_SECONDS = 32, 60.0
COLUMNS_OF_TWELVE = 4
RHYTHM_LEAD = 1
# A-law and μ-law samples exist in the standard for audio only; ECG uses these (C.10.9.1.5).
INTERPRETATIONS = {"SB": "i1", "UB": "u1", "SS": "i2", "US": "u2", "SL": "i4", "UL": "u4"}


def draw(dataset: Json, data: bytes, transfer_syntax_uid: str) -> Array:
    """The first multiplex group: twelve leads in the usual 3 × 4 with a rhythm strip, else rows."""
    group = first_value(dataset, "54000100")
    if not isinstance(group, dict):
        raise Invalid("The waveform has no multiplex group.")
    traces, labels, frequency = read_group(group, data, transfer_syntax_uid)
    image = Image.new("RGB", (WIDTH, HEIGHT), PAPER)
    pen = ImageDraw.Draw(image)
    seconds = min(traces.shape[1] / frequency, MOST_SECONDS)
    _grid(pen, seconds)
    for box, lead, begin, end in _layout(len(labels), seconds):
        piece = traces[lead, int(begin * frequency) : int(end * frequency)]
        _trace(pen, box, piece, labels[lead], _scale(traces))
    return np.asarray(image)


def read_group(
    group: Json, data: bytes, transfer_syntax_uid: str
) -> tuple[Array, list[str], float]:
    """(channels × samples in the channels' units, labels, samples a second)."""
    channels, samples = integer(group, "003A0005"), integer(group, "003A0010")
    kind = INTERPRETATIONS.get(text(group, "54001006", "SS"))
    frequency = number(group, "003A001A", 0.0)
    if kind is None or not 0 < channels <= MOST_CHANNELS or samples <= 1 or frequency <= 0:
        raise Invalid("The waveform cannot be read.")
    order = ">" if transfer_syntax_uid == BIG_ENDIAN else "<"
    dtype = np.dtype(order + kind)
    count = min(channels * samples, len(data) // dtype.itemsize)
    values = np.frombuffer(data, dtype, count // channels * channels).reshape(-1, channels).T
    definitions = group.get("003A0200", {}).get("Value") or []
    factors = [_factor(definitions[i]) if i < len(definitions) else 1.0 for i in range(channels)]
    labels = [_label(definitions[i]) if i < len(definitions) else "" for i in range(channels)]
    return values.astype(np.float64) * np.asarray(factors)[:, None], labels, frequency


def _factor(definition: Json) -> float:
    sensitivity = number(definition, "003A0210", 1.0) or 1.0
    return sensitivity * (number(definition, "003A0212", 1.0) or 1.0)


def _label(definition: Json) -> str:
    source: Any = first_value(definition, "003A0208")
    meaning = text(source, "00080104") if isinstance(source, dict) else ""
    label = meaning or text(definition, "003A0203")
    return label.removeprefix("Lead ").split(" (")[0][:16]


def _layout(
    leads: int, seconds: float
) -> list[tuple[tuple[float, float, float, float], int, float, float]]:
    """(box, lead, from second, to second) of each trace."""
    inner_width, inner_height = WIDTH - 2 * MARGIN, HEIGHT - 2 * MARGIN
    if leads != 12:
        height = inner_height / leads
        return [
            ((MARGIN, MARGIN + height * row, inner_width, height), row, 0.0, seconds)
            for row in range(leads)
        ]
    width, height = inner_width / COLUMNS_OF_TWELVE, inner_height / 4
    step = seconds / COLUMNS_OF_TWELVE
    boxes = []
    for lead in range(12):
        column, row = divmod(lead, 3)
        box = (MARGIN + width * column, MARGIN + height * row, width, height)
        boxes.append((box, lead, column * step, (column + 1) * step))
    strip = (float(MARGIN), MARGIN + height * 3, float(inner_width), height)
    return [*boxes, (strip, RHYTHM_LEAD, 0.0, seconds)]


def _grid(pen: ImageDraw.ImageDraw, seconds: float) -> None:
    """Paper at 25 mm/s: a fine line each millimetre, a coarse one each fifth."""
    millimetre = max(4.0, (WIDTH - 2 * MARGIN) / (seconds * 25))
    for number_of_line in range(math.ceil(WIDTH / millimetre)):
        x = MARGIN + number_of_line * millimetre
        colour = FINE if number_of_line % 5 else COARSE
        pen.line([(x, 0), (x, HEIGHT)], colour)
        pen.line([(0, x), (WIDTH, x)], colour)


def _scale(traces: Array) -> float:
    """Units of one row: what nearly all samples of all leads stay within."""
    centred = np.abs(traces - np.median(traces, axis=1, keepdims=True))
    return float(np.percentile(centred, 99.8)) or 1.0


def _trace(
    pen: ImageDraw.ImageDraw,
    box: tuple[float, float, float, float],
    samples: Array,
    label: str,
    scale: float,
) -> None:
    left, top, width, height = box
    if samples.size > 1:
        x = left + np.arange(samples.size) * (width / samples.size)
        y = top + height / 2 - (samples - np.median(samples)) / scale * (height * 0.42)
        points = np.column_stack([x, np.clip(y, 0, HEIGHT)]).ravel().tolist()
        pen.line(points, INK, 2)
    pen.text((left + 4, top + 2), label, INK, ImageFont.load_default(18))
