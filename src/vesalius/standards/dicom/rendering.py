"""Frames to pictures: what PS3.18 §8.3.5 and §8.7.4 call rendered resources.

`render` is called in a worker process, once per picture. Objects without an image get one all
the same (`cards`, `waveforms`), so that every study in a chart has something to show.
"""

import base64
import copy
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import imagecodecs
import numpy as np
import orjson
import simplejpeg  # type: ignore[import-untyped]
from PIL import Image

from vesalius.kit.errors import Invalid, Unsupported, VesaliusError
from vesalius.standards.dicom import cards, pixels, waveforms
from vesalius.standards.dicom.attributes import Json
from vesalius.standards.dicom.grayscale import (
    Grayscale,
    grayscale_of,
    macro,
    make_lut,
    to_gray,
    words_of,
)
from vesalius.standards.dicom.pixel_description import Array, PixelDescription

DEFAULT_QUALITY = 90
THUMBNAIL_EDGE = 160
DOCUMENTS_REMEMBERED = 128
LARGEST_DOCUMENT_REMEMBERED = 256 * 1024
PIXEL_MEASURES = "00289110"


@dataclass(frozen=True, slots=True)
class Viewport:
    """PS3.18 §8.3.5.1.3: the largest picture wanted and the region of the image in it."""

    width: int
    height: int
    region: tuple[float, float, float, float] | None = None
    flip: tuple[bool, bool] = (False, False)


def render(
    document: bytes,
    transfer_syntax_uid: str,
    data: bytes | None,
    options: Mapping[str, Any],
) -> bytes:
    """One picture of an instance.

    `document` is its metadata in the DICOM JSON model, `data` the bytes of the frame, or of the
    waveform, or None for an object that has neither. `options`: media_type, frame_number,
    first_bit, quality, window [center, width, function], viewport [width, height, x, y, w, h],
    values {path: bytes} left out of the document, thumbnail (then a frame that cannot be decoded
    becomes a card instead of an error).
    """
    dataset = _with_values(_read_document(document), options.get("values") or {})
    try:
        picture = _picture(dataset, transfer_syntax_uid, data, options)
    except VesaliusError:
        if not options.get("thumbnail"):
            raise
        picture = cards.card(dataset)
    if viewport := _viewport(options):
        picture = _fit(picture, viewport)
    return _encode(picture, options)


def _picture(
    dataset: Json,
    transfer_syntax_uid: str,
    data: bytes | None,
    options: Mapping[str, Any],
) -> Array:
    if data is None:
        return cards.card(dataset)
    if "54000100" in dataset:
        return waveforms.draw(dataset, data, transfer_syntax_uid)
    if not pixels.decodable(transfer_syntax_uid):
        if options.get("thumbnail"):
            return cards.card(dataset)
        raise Unsupported("Pixel data of this transfer syntax cannot be rendered here.")
    description = PixelDescription.of(dataset, transfer_syntax_uid)
    decoded = pixels.decode(data, description, first_bit=int(options.get("first_bit") or 0))
    number = int(options.get("frame_number") or 1)
    picture = _colours(decoded, dataset, description, number, options.get("window"))
    return _squared(picture, dataset, number)


def _colours(
    frame: pixels.Frame,
    dataset: Json,
    description: PixelDescription,
    frame_number: int,
    window: list[Any] | None,
) -> Array:
    if frame.photometric_interpretation == "PALETTE COLOR":
        return apply_palette(frame.values, dataset)
    if frame.values.ndim == 3:
        return _eight_bits(pixels.to_rgb(frame), description)
    grayscale: Grayscale = grayscale_of(dataset, frame_number)
    if window:
        grayscale = grayscale.windowed(float(window[0]), float(window[1]), str(window[2]))
    return to_gray(frame.values, description, grayscale)


def apply_palette(values: Array, dataset: Json) -> Array:
    """PALETTE COLOR to 8-bit RGB (PS3.3 C.7.9), whole or segmented tables."""
    planes = []
    for channel in range(3):
        descriptor = f"0028110{channel + 1}"
        lut = make_lut(_whole_palette(dataset, channel), descriptor, f"0028120{channel + 1}")
        if lut is None:
            raise Invalid("The image's palette is missing.")
        entries = (lut.array() >> (lut.bits - 8)).astype(np.uint8)
        # Some writers say 16 bits and fill only 8: the table itself tells.
        if lut.bits == 16 and lut.array().max(initial=0) < 256:
            entries = lut.array().astype(np.uint8)
        index = np.clip(values.astype(np.int64) - lut.first, 0, len(entries) - 1)
        planes.append(entries[index])
    return np.stack(planes, axis=-1)


def _whole_palette(dataset: Json, channel: int) -> Json:
    segmented = dataset.get(f"0028122{channel + 1}")
    if segmented is None or f"0028120{channel + 1}" in dataset:
        return dataset
    descriptor = dataset.get(f"0028110{channel + 1}", {}).get("Value") or [0, 0, 16]
    entries = _expand_segments(words_of(segmented), (int(descriptor[0]) & 0xFFFF) or 65536)
    inline = base64.b64encode(entries).decode()
    return {**dataset, f"0028120{channel + 1}": {"vr": "OW", "InlineBinary": inline}}


def _expand_segments(data: bytes, count: int) -> bytes:
    """PS3.3 C.7.9.2: discrete, linear and indirect segments of 16-bit words."""
    words = np.frombuffer(data[: len(data) & ~1], "<u2").astype(np.int64).tolist()
    out: list[int] = []
    jobs = [(0, -1)]
    while jobs and len(out) < count:
        at, left = jobs.pop()
        while at + 1 < len(words) and left != 0 and len(out) < count:
            opcode, length = words[at], words[at + 1]
            if opcode == 0:
                out.extend(words[at + 2 : at + 2 + length])
                at += 2 + length
            elif opcode == 1 and at + 2 < len(words):
                start, end = (out[-1] if out else 0), words[at + 2]
                out.extend(
                    round(start + (end - start) * (step + 1) / length)
                    for step in range(min(length, count))
                )
                at += 3
            elif opcode == 2 and at + 3 < len(words) and len(jobs) < 8:
                jobs.append((at + 4, left - 1 if left > 0 else -1))
                # The offset counts bytes (C.7.9.2.3); `length` says how many segments to copy.
                at, left = (words[at + 2] + (words[at + 3] << 16)) // 2, length
                continue
            else:
                raise Invalid("The image's segmented palette cannot be read.")
            left -= 1 if left > 0 else 0
    return np.asarray(out[:count], dtype="<u2").tobytes()


def _eight_bits(values: Array, description: PixelDescription) -> Array:
    if values.dtype == np.uint8:
        return values
    if description.bits_stored > 8:
        return (values >> (description.bits_stored - 8)).astype(np.uint8)
    return values.astype(np.uint8)


def _squared(picture: Array, dataset: Json, frame_number: int) -> Array:
    """Square pixels: an image whose pixels are not is stretched along its shorter spacing."""
    measures = macro(dataset, frame_number, PIXEL_MEASURES) or dataset
    for source, tag in ((dataset, "00280034"), (measures, "00280030"), (dataset, "00181164")):
        spacing = source.get(tag, {}).get("Value") or []
        if len(spacing) == 2:
            break
    else:
        return picture
    try:
        ratio = float(spacing[0]) / float(spacing[1])
    except (TypeError, ValueError, ZeroDivisionError):
        return picture
    if not 0.05 < ratio < 20 or abs(ratio - 1) < 0.01:
        return picture
    rows, columns = picture.shape[:2]
    size = (columns, round(rows * ratio)) if ratio > 1 else (round(columns / ratio), rows)
    return np.asarray(Image.fromarray(picture).resize(size, Image.Resampling.BILINEAR))


def _viewport(options: Mapping[str, Any]) -> Viewport | None:
    wanted = options.get("viewport")
    if not wanted:
        return None
    width, height = int(wanted[0]), int(wanted[1])
    if len(wanted) != 6:
        return Viewport(width, height)
    x, y, w, h = (float(each) for each in wanted[2:])
    return Viewport(width, height, (x, y, abs(w), abs(h)), (w < 0, h < 0))


def _fit(picture: Array, viewport: Viewport) -> Array:
    """Crop to the region, then scale to fit the viewport, keeping the aspect."""
    if viewport.region is not None:
        x, y, w, h = viewport.region
        rows, columns = picture.shape[:2]
        left, top = int(min(max(x, 0), columns - 1)), int(min(max(y, 0), rows - 1))
        right = int(min(columns, left + w)) if w else columns
        bottom = int(min(rows, top + h)) if h else rows
        picture = picture[top : max(bottom, top + 1), left : max(right, left + 1)]
        picture = picture[:, ::-1] if viewport.flip[0] else picture
        picture = picture[::-1] if viewport.flip[1] else picture
    rows, columns = picture.shape[:2]
    scale = min(viewport.width / columns, viewport.height / rows)
    size = (max(1, round(columns * scale)), max(1, round(rows * scale)))
    if size == (columns, rows):
        return picture
    image = Image.fromarray(np.ascontiguousarray(picture))
    return np.asarray(image.resize(size, Image.Resampling.BILINEAR, reducing_gap=2.0))


def _encode(picture: Array, options: Mapping[str, Any]) -> bytes:
    picture = np.ascontiguousarray(picture)
    if options.get("media_type") == "image/png":
        return bytes(imagecodecs.png_encode(picture, level=3))
    quality = int(options.get("quality") or DEFAULT_QUALITY)
    if picture.ndim == 2:
        return bytes(simplejpeg.encode_jpeg(picture[..., None], quality, "GRAY", "Gray"))
    return bytes(simplejpeg.encode_jpeg(picture, quality, "RGB", "444" if quality > 90 else "420"))


def _with_values(dataset: Json, values: Mapping[str, bytes]) -> Json:
    """Put values that were left in the file (palettes, LUT data) back into the data set.

    They are named by their path: `00281201`, `00283010/0/00283006`.
    """
    if not values:
        return dataset
    filled = copy.deepcopy(dict(dataset))
    for path, value in values.items():
        *above, tag = path.split("/")
        item: dict[str, Any] = filled
        for sequence, number in zip(above[::2], above[1::2], strict=True):
            item = item[sequence]["Value"][int(number)]
        item[tag] = {"vr": "OW", "InlineBinary": base64.b64encode(value)}
    return filled


def _read_document(document: bytes) -> Json:
    if len(document) <= LARGEST_DOCUMENT_REMEMBERED:
        return _remembered(document)
    dataset: Json = orjson.loads(document)
    return dataset


@lru_cache(DOCUMENTS_REMEMBERED)
def _remembered(document: bytes) -> Json:
    dataset: Json = orjson.loads(document)
    return dataset
