"""From stored values to grey: the grayscale pipeline of PS3.4 Annex N.2.1.

Modality transform (rescale or LUT) → VOI (window or LUT) → presentation (inverse or not).
Images of up to 16 bits go through one table of all possible values, made once per set of
parameters and remembered; wider and floating values are computed directly.
"""

import base64
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from vesalius.kit.errors import Invalid
from vesalius.standards.dicom.attributes import Json, first_value, number, text
from vesalius.standards.dicom.pixel_description import Array, PixelDescription

SHARED_GROUPS, PER_FRAME_GROUPS = "52009229", "52009230"
FRAME_VOI, PIXEL_TRANSFORM = "00289132", "00289145"
TABLES_REMEMBERED = 64
FUNCTIONS = {"LINEAR", "LINEAR_EXACT", "SIGMOID"}


@dataclass(frozen=True, slots=True)
class Lut:
    """A lookup table (PS3.3 C.11.1.1.1): entries, first value mapped, bits of an entry."""

    entries: bytes
    first: int
    bits: int

    def array(self) -> Array:
        """The entries as unsigned 16-bit numbers."""
        return np.frombuffer(self.entries, "<u2")


@dataclass(frozen=True, slots=True)
class Grayscale:
    """Everything that decides which grey a stored value becomes."""

    slope: float = 1.0
    intercept: float = 0.0
    modality_lut: Lut | None = None
    center: float | None = None
    width: float | None = None
    function: str = "LINEAR"
    voi_lut: Lut | None = None
    inverse: bool = False
    padding: tuple[int, int] | None = None

    def windowed(self, center: float, width: float, function: str) -> "Grayscale":
        """The same with another window."""
        return Grayscale(
            self.slope,
            self.intercept,
            self.modality_lut,
            center,
            width,
            function,
            None,
            self.inverse,
            self.padding,
        )


def grayscale_of(dataset: Json, frame_number: int) -> Grayscale:
    """Read the pipeline for one frame, from its functional groups or the data set's top."""
    transform = macro(dataset, frame_number, PIXEL_TRANSFORM) or dataset
    voi = macro(dataset, frame_number, FRAME_VOI) or dataset
    center, width = number(voi, "00281050", math.nan), number(voi, "00281051", math.nan)
    function = text(voi, "00281056", "LINEAR").upper()
    usable = not math.isnan(center) and (width >= 1 or (width > 0 and function != "LINEAR"))
    shape = text(dataset, "20500020")
    inverse = shape == "INVERSE" or (
        not shape and text(dataset, "00280004").upper() == "MONOCHROME1"
    )
    return Grayscale(
        slope=number(transform, "00281053", 1.0) or 1.0,
        intercept=number(transform, "00281052", 0.0),
        modality_lut=lut_of(dataset, "00283000"),
        center=center if usable else None,
        width=width if usable else None,
        function=function if function in FUNCTIONS else "LINEAR",
        voi_lut=None if usable else lut_of(dataset, "00283010"),
        inverse=inverse,
        padding=_padding_of(dataset),
    )


def to_gray(values: Array, description: PixelDescription, grayscale: Grayscale) -> Array:
    """The frame as 8-bit grey."""
    if grayscale.voi_lut is None and grayscale.center is None:
        grayscale = _with_own_window(values, description, grayscale)
    if values.dtype.kind in "iu" and values.dtype.itemsize <= 2:
        table = _table(values.dtype.str, grayscale)
        gray: Array = np.take(table, values.view(f"u{values.dtype.itemsize}"))
        return gray
    return _compute(values.astype(np.float64), grayscale)


def macro(dataset: Json, frame_number: int, tag: str) -> Json | None:
    """The functional group macro `tag` of a frame (PS3.3 C.7.6.16), or None."""
    per_frame = dataset.get(PER_FRAME_GROUPS, {}).get("Value") or []
    shared = dataset.get(SHARED_GROUPS, {}).get("Value") or []
    for group in (per_frame[frame_number - 1 : frame_number], shared[:1]):
        if group and (item := first_value(group[0], tag)):
            return item  # type: ignore[no-any-return]
    return None


def lut_of(dataset: Json, sequence: str) -> Lut | None:
    """The first LUT of a Modality or VOI LUT Sequence, or None."""
    item = first_value(dataset, sequence)
    if not isinstance(item, Mapping):
        return None
    return make_lut(item, "00283002", "00283006")


def make_lut(dataset: Json, descriptor_tag: str, data_tag: str) -> Lut | None:
    """A LUT from its descriptor and data, eight or sixteen bits wide; None when absent."""
    descriptor = dataset.get(descriptor_tag, {}).get("Value") or []
    if len(descriptor) != 3 or data_tag not in dataset:
        return None
    count, first, bits = (int(each) for each in descriptor)
    count = (count & 0xFFFF) or 65536
    data = words_of(dataset[data_tag])
    if len(data) < 2 * count:
        # Entries of 8 bits may be packed two in a word (C.11.1.1.1 and C.7.6.3.1.5).
        if len(data) < count:
            raise Invalid("A lookup table of the image is shorter than it says.")
        data = np.frombuffer(data, np.uint8, count).astype("<u2").tobytes()
        bits = 8
    return Lut(data[: 2 * count], first, min(max(bits, 8), 16))


def words_of(element: Mapping[str, Any]) -> bytes:
    """A binary value of words in little endian, however the JSON model carries it."""
    if "InlineBinary" in element:
        return base64.b64decode(element["InlineBinary"])
    if isinstance(element.get("Value"), list):
        return np.asarray(element["Value"], dtype=np.int64).astype("<u2").tobytes()
    return b""


def _padding_of(dataset: Json) -> tuple[int, int] | None:
    value = first_value(dataset, "00280120")
    if not isinstance(value, int):
        return None
    limit = first_value(dataset, "00280121")
    other = limit if isinstance(limit, int) else value
    return (min(value, other), max(value, other))


def _with_own_window(
    values: Array, description: PixelDescription, grayscale: Grayscale
) -> Grayscale:
    """A window for an image that names none: its own range, or all of it for 8 bits."""
    kept = values
    if grayscale.padding is not None:
        low, high = grayscale.padding
        kept = values[(values < low) | (values > high)]
    if description.floating:
        kept = kept[np.isfinite(kept)]
    if kept.size == 0:
        kept = np.zeros(1)
    if description.bits_stored <= 8 and not description.floating:
        lowest, highest = 0.0, float((1 << description.bits_stored) - 1)
        if description.signed:
            lowest, highest = float(kept.min()), float(kept.max())
    else:
        lowest, highest = float(kept.min()), float(kept.max())
    ends = _modality(np.array([lowest, highest], dtype=np.float64), grayscale)
    lowest, highest = float(ends.min()), float(ends.max())
    return grayscale.windowed((lowest + highest) / 2, max(highest - lowest, 1e-9), "LINEAR_EXACT")


@lru_cache(TABLES_REMEMBERED)
def _table(dtype: str, grayscale: Grayscale) -> Array:
    """Grey of every value of an 8- or 16-bit type, indexed by its unsigned bit pattern."""
    kind = np.dtype(dtype)
    patterns = np.arange(1 << (8 * kind.itemsize), dtype=f"u{kind.itemsize}")
    return _compute(patterns.view(kind).astype(np.float64), grayscale)


def _compute(values: Array, grayscale: Grayscale) -> Array:
    transformed = _modality(values, grayscale)
    if grayscale.voi_lut is not None:
        lut = grayscale.voi_lut
        fraction = _look_up(transformed, lut) / ((1 << lut.bits) - 1)
    else:
        fraction = _window(transformed, grayscale)
    if grayscale.inverse:
        fraction = 1 - fraction
    scaled = np.clip(np.nan_to_num(fraction), 0, 1) * 255 + 0.5
    return scaled.astype(np.uint8)


def _modality(values: Array, grayscale: Grayscale) -> Array:
    if grayscale.modality_lut is not None:
        return _look_up(values, grayscale.modality_lut)
    return values * grayscale.slope + grayscale.intercept


def _look_up(values: Array, lut: Lut) -> Array:
    entries = lut.array()
    index = np.clip(np.nan_to_num(values) - lut.first, 0, len(entries) - 1).astype(np.int64)
    found: Array = entries[index].astype(np.float64)
    return found


def _window(values: Array, grayscale: Grayscale) -> Array:
    """PS3.3 C.11.2.1.2 and C.11.2.1.3, to 0…1."""
    center, width = grayscale.center or 0.0, grayscale.width or 1.0
    if grayscale.function == "SIGMOID":
        exponent = np.clip(-4 * (values - center) / width, -700, 700)
        return 1 / (1 + np.exp(exponent))
    if grayscale.function == "LINEAR_EXACT":
        return (values - center) / width + 0.5
    if width <= 1:
        return (values > center - 0.5).astype(np.float64)
    return (values - (center - 0.5)) / (width - 1) + 0.5
