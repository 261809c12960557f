"""Pixel data to numbers: a frame of any transfer syntax decoded to its stored values.

Decoders read hostile bytes, so this runs in disposable worker processes (`kit.workers`), never
in a server process. Native syntaxes are read in `native`, compressed ones in `codecs`.
"""

import numpy as np

from vesalius.kit.errors import Invalid, Unsupported
from vesalius.standards.dicom.codecs import DECODERS
from vesalius.standards.dicom.native import decode_native, native_bytes
from vesalius.standards.dicom.pixel_description import NATIVE, Array, Frame, PixelDescription

__all__ = ["Frame", "PixelDescription", "decodable", "decode", "native_bytes", "to_rgb"]


def decode(data: bytes, description: PixelDescription, *, first_bit: int = 0) -> Frame:
    """Decode one frame; `first_bit` is where a frame of single bits begins in its first byte."""
    syntax = description.transfer_syntax_uid
    if syntax in NATIVE:
        return decode_native(data, description, first_bit)
    decoder = DECODERS.get(syntax)
    if decoder is None:
        raise Unsupported("Pixel data of this transfer syntax cannot be decoded here.")
    try:
        frame = decoder(data, description)
    except (Invalid, Unsupported):
        raise
    except Exception as error:
        raise Invalid("The pixel data of a frame cannot be decoded.") from error
    shape = (description.rows, description.columns)
    if frame.values.shape[:2] != shape or frame.values.ndim != (
        2 if description.samples_per_pixel == 1 else 3
    ):
        raise Invalid("A frame decodes to another size than its header says.")
    return frame


def decodable(transfer_syntax_uid: str) -> bool:
    """Can frames of this transfer syntax be decoded here?"""
    return transfer_syntax_uid in NATIVE or transfer_syntax_uid in DECODERS


def to_rgb(frame: Frame) -> Array:
    """A colour frame as 8-bit RGB (palettes are the renderer's)."""
    values = frame.values[..., :3]
    if frame.photometric_interpretation in ("YBR_FULL", "YBR_FULL_422"):
        return _ybr_full_to_rgb(values)
    if frame.photometric_interpretation == "YBR_PARTIAL_422":
        luma = (values[..., :1].astype(np.float32) - 16) * (255 / 219)
        chroma = (values[..., 1:].astype(np.float32) - 128) * (255 / 224) + 128
        return _ybr_full_to_rgb(np.concatenate([luma, chroma], axis=-1))
    return values


def _ybr_full_to_rgb(values: Array) -> Array:
    """PS3.3 C.7.6.3.1.2, the inverse of YBR_FULL."""
    y, cb, cr = (values[..., i].astype(np.float32) for i in range(3))
    cb -= 128
    cr -= 128
    rgb = np.stack([y + 1.402 * cr, y - 0.344136 * cb - 0.714136 * cr, y + 1.772 * cb], axis=-1)
    clipped: Array = np.clip(np.rint(rgb), 0, 255).astype(np.uint8)
    return clipped
