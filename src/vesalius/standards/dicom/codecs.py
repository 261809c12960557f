"""Compressed frames to stored values: one decoder for each transfer syntax.

`imagecodecs` decodes; where it or libjpeg would guess (colour, sign), the header decides.
Everything here runs in disposable worker processes.
"""

import zlib
from collections.abc import Callable

import imagecodecs
import numpy as np

from vesalius.kit.errors import Invalid, Unsupported
from vesalius.standards.dicom.native import decode_native
from vesalius.standards.dicom.pixel_description import (
    DEFLATED_FRAMES,
    ENCAPSULATED_UNCOMPRESSED,
    RLE,
    Array,
    Frame,
    PixelDescription,
)


def _decode_jpeg(data: bytes, description: PixelDescription) -> Frame:
    """JPEG processes 1, 2/4 and 14: the components as coded, then made RGB here."""
    if description.samples_per_pixel == 1:
        return _as_stored(imagecodecs.jpeg_decode(data), description)
    lossless = description.transfer_syntax_uid.endswith((".57", ".70"))
    if lossless and description.photometric_interpretation == "RGB":
        return _as_stored(imagecodecs.jpeg_decode(data), description, "RGB")
    space = "RGB" if _jpeg_is_rgb(data, description) else "YCBCR"
    values = imagecodecs.jpeg_decode(data, colorspace=space, outcolorspace="RGB")
    return _as_stored(values, description, "RGB")


def _jpeg_is_rgb(data: bytes, description: PixelDescription) -> bool:
    """Many a writer says RGB and codes YCbCr; JFIF and Adobe markers tell the truth."""
    adobe = data.find(b"\xff\xee\x00\x0eAdobe", 0, 4096)
    if adobe >= 0 and len(data) > adobe + 15:
        return data[adobe + 15] == 0
    if data[2:4] == b"\xff\xe0" and data[6:10] == b"JFIF":
        return False
    components = _jpeg_component_ids(data)
    if components == b"RGB":
        return True
    return description.photometric_interpretation == "RGB" and not _jpeg_is_subsampled(data)


def _jpeg_start_of_frame(data: bytes) -> int:
    """Offset of the SOFn segment, or -1."""
    at = 2
    while at + 4 <= len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            return at
        at += 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    return -1


def _jpeg_component_ids(data: bytes) -> bytes:
    at = _jpeg_start_of_frame(data)
    return data[at + 10 : at + 19 : 3] if at >= 0 else b""


def _jpeg_is_subsampled(data: bytes) -> bool:
    at = _jpeg_start_of_frame(data)
    return at >= 0 and len(data) > at + 11 and data[at + 11] != 0x11


def _decode_jpeg_ls(data: bytes, description: PixelDescription) -> Frame:
    values = imagecodecs.jpegls_decode(data)
    return _as_stored(values, description, description.photometric_interpretation)


def _decode_jpeg_2000(data: bytes, description: PixelDescription) -> Frame:
    values = imagecodecs.jpeg2k_decode(data, planar=False)
    return _as_stored(values, description, _after_component_transform(description))


def _decode_htj2k(data: bytes, description: PixelDescription) -> Frame:
    values = imagecodecs.htj2k_decode(data, planar=False)
    return _as_stored(values, description, _after_component_transform(description))


def _after_component_transform(description: PixelDescription) -> str:
    """The decoder undoes a multiple component transform, so its output is RGB (PS3.5 8.2.4)."""
    photometric = description.photometric_interpretation
    return "RGB" if photometric in ("YBR_RCT", "YBR_ICT") else photometric


def _decode_jpeg_xl(data: bytes, description: PixelDescription) -> Frame:
    values = imagecodecs.jpegxl_decode(data)
    photometric = "RGB" if description.samples_per_pixel == 3 else ""
    return _as_stored(values, description, photometric)


def _decode_rle(data: bytes, description: PixelDescription) -> Frame:
    """PS3.5 Annex G: planes of bytes, most significant first, always colour by plane."""
    samples, size = description.samples_per_pixel, description.bits_allocated // 8
    if description.bits_allocated < 8:
        raise Unsupported("RLE of single bits cannot be decoded here.")
    dtype = np.dtype(f"u{size}")
    shape = (description.rows, description.columns)
    if len(data) < 64 or int.from_bytes(data[:4], "little") != samples * size:
        raise Invalid("The RLE header does not fit the image.")
    flat = np.frombuffer(imagecodecs.dicomrle_decode(data, dtype), dtype)
    expected = samples * shape[0] * shape[1]
    if flat.size < expected:
        raise Invalid("The pixel data is shorter than its header says.")
    values = flat[:expected].reshape(samples, *shape)
    values = values[0] if samples == 1 else np.ascontiguousarray(values.transpose(1, 2, 0))
    return _as_stored(values, description, description.photometric_interpretation)


def _decode_deflated(data: bytes, description: PixelDescription) -> Frame:
    """Deflated Image Frame Compression: RFC 1951, no more than the frame's size."""
    needed = (description.native_bits + 7) // 8
    inflated = zlib.decompressobj(-zlib.MAX_WBITS).decompress(data, needed)
    return decode_native(inflated, description, 0)


def _as_stored(values: Array, description: PixelDescription, photometric: str = "") -> Frame:
    """Decoder output in the header's type: containers unified, sign by PixelRepresentation.

    A codestream may be unsigned where the header says signed (and the other way round); the
    bit pattern is the same, so the header decides, as every viewer does.
    """
    size = max(1, description.bits_allocated // 8)
    if values.dtype.itemsize > size and values.size:
        size = values.dtype.itemsize
    unsigned = values.astype(f"i{size}", copy=False).view(f"u{size}")
    stored = min(description.bits_stored, size * 8)
    if description.signed:
        shift = size * 8 - stored
        result = (unsigned << shift).view(f"i{size}") >> shift
    elif values.dtype.kind == "i" and stored < size * 8:
        result = unsigned & ((1 << stored) - 1)
    else:
        result = unsigned
    if photometric in ("", "YBR_FULL_422", "YBR_PARTIAL_422"):
        photometric = photometric and "YBR_FULL"
    return Frame(
        result.astype(description.dtype.newbyteorder("="), copy=False),
        photometric or description.photometric_interpretation,
    )


Decoder = Callable[[bytes, PixelDescription], Frame]
_JPEG = "1.2.840.10008.1.2.4."
DECODERS: dict[str, Decoder] = {
    RLE: _decode_rle,
    DEFLATED_FRAMES: _decode_deflated,
    ENCAPSULATED_UNCOMPRESSED: lambda data, description: decode_native(data, description, 0),
    **{_JPEG + process: _decode_jpeg for process in ("50", "51", "57", "70")},
    **{_JPEG + process: _decode_jpeg_ls for process in ("80", "81")},
    **{_JPEG + process: _decode_jpeg_2000 for process in ("90", "91", "92", "93")},
    **{_JPEG + process: _decode_jpeg_xl for process in ("110", "111", "112")},
    **{_JPEG + process: _decode_htj2k for process in ("201", "202", "203")},
}
