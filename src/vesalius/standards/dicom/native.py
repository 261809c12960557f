"""Uncompressed frames (PS3.5 §8.1, Annex A.1 to A.3) to stored values and back."""

import numpy as np

from vesalius.kit.errors import Invalid
from vesalius.standards.dicom.pixel_description import (
    BIG_ENDIAN,
    Array,
    Frame,
    PixelDescription,
)


def decode_native(data: bytes, description: PixelDescription, first_bit: int) -> Frame:
    shape: tuple[int, ...] = (description.rows, description.columns)
    needed = (first_bit + description.native_bits + 7) // 8
    if len(data) < needed:
        raise Invalid("The pixel data is shorter than its header says.")
    if description.bits_allocated == 1:
        bits = np.unpackbits(np.frombuffer(data, np.uint8, needed), bitorder="little")
        values = bits[first_bit : first_bit + description.native_bits].reshape(shape)
        return Frame(values, description.photometric_interpretation)
    dtype = description.dtype
    if description.transfer_syntax_uid == BIG_ENDIAN:
        dtype = dtype.newbyteorder(">")
        if description.words and description.bits_allocated == 8:
            # Bytes in 16-bit words (OW): big endian exchanges each pair (PS3.5 Annex A.3).
            data = np.frombuffer(data + bytes(len(data) & 1), "<u2").byteswap().tobytes()
    flat = np.frombuffer(data, dtype, description.native_bits // description.bits_allocated)
    if description.subsampled:
        values = _spread_chrominance(flat, description)
    elif description.samples_per_pixel == 1:
        values = flat.reshape(shape)
    elif description.planar_configuration == 1:
        values = flat.reshape(description.samples_per_pixel, *shape).transpose(1, 2, 0)
    else:
        values = flat.reshape(*shape, description.samples_per_pixel)
    photometric = "YBR_FULL" if description.subsampled else description.photometric_interpretation
    return Frame(_align(values, description), photometric)


def _spread_chrominance(flat: Array, description: PixelDescription) -> Array:
    """Y1 Y2 Cb Cr → (Y1 Cb Cr) (Y2 Cb Cr)."""
    quads = flat.reshape(description.rows, description.columns // 2, 4)
    values = np.empty((description.rows, description.columns, 3), flat.dtype)
    values[:, 0::2, 0], values[:, 1::2, 0] = quads[..., 0], quads[..., 1]
    values[:, 0::2, 1:] = values[:, 1::2, 1:] = quads[..., 2:]
    return values


def _align(values: Array, description: PixelDescription) -> Array:
    """Native little endian values of exactly the stored bits, sign extended."""
    native = values.astype(description.dtype.newbyteorder("="), copy=False)
    allocated, stored = description.bits_allocated, description.bits_stored
    if description.floating or stored == allocated:
        return native
    # Bits above the high bit may carry old overlays (retired PS3.5 8.1.1): they are no values.
    left = allocated - 1 - description.high_bit
    if not 0 <= left < allocated or description.high_bit + 1 < stored:
        left = allocated - stored
    shifted: Array = (native << left) >> (allocated - stored)
    return shifted


def native_bytes(frame: Frame, description: PixelDescription) -> bytes:
    """A decoded frame as bytes of an uncompressed little endian syntax, colour by pixel."""
    if description.bits_allocated == 1:
        return np.packbits(frame.values.astype(np.uint8), bitorder="little").tobytes()
    return np.ascontiguousarray(frame.values, dtype=description.dtype).tobytes()
