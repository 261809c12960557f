"""What the Image Pixel module says about the bytes of a frame (PS3.3 C.7.6.3)."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from vesalius.kit.errors import Invalid
from vesalius.standards.dicom.attributes import Json, integer, number, text

Array = npt.NDArray[Any]

IMPLICIT = "1.2.840.10008.1.2"
EXPLICIT = "1.2.840.10008.1.2.1"
DEFLATED = "1.2.840.10008.1.2.1.99"
BIG_ENDIAN = "1.2.840.10008.1.2.2"
NATIVE = frozenset({IMPLICIT, EXPLICIT, DEFLATED, BIG_ENDIAN})
ENCAPSULATED_UNCOMPRESSED = "1.2.840.10008.1.2.1.98"
DEFLATED_FRAMES = "1.2.840.10008.1.2.8.1"
RLE = "1.2.840.10008.1.2.5"
MOST_PIXELS = 1 << 30


@dataclass(frozen=True, slots=True)
class PixelDescription:
    """What the Image Pixel module says about the bytes of a frame."""

    transfer_syntax_uid: str
    rows: int
    columns: int
    samples_per_pixel: int = 1
    photometric_interpretation: str = "MONOCHROME2"
    planar_configuration: int = 0
    bits_allocated: int = 16
    bits_stored: int = 16
    high_bit: int = 15
    signed: bool = False
    floating: bool = False
    words: bool = True
    number_of_frames: int = 1

    @classmethod
    def of(cls, dataset: Json, transfer_syntax_uid: str) -> "PixelDescription":
        """Read the module from a data set in the DICOM JSON model; `Invalid` when it lies."""
        rows, columns = integer(dataset, "00280010"), integer(dataset, "00280011")
        allocated = integer(dataset, "00280100", 16)
        floating = "7FE00008" in dataset or "7FE00009" in dataset
        samples = integer(dataset, "00280002", 1)
        stored = integer(dataset, "00280101", allocated) if not floating else allocated
        if not (0 < rows < 65536 and 0 < columns < 65536 and rows * columns <= MOST_PIXELS):
            raise Invalid("The image has no usable number of rows and columns.")
        if samples not in (1, 3, 4) or allocated not in (1, 8, 16, 32, 64):
            raise Invalid("The image has an impossible pixel format.")
        return cls(
            transfer_syntax_uid=transfer_syntax_uid,
            rows=rows,
            columns=columns,
            samples_per_pixel=samples,
            photometric_interpretation=text(dataset, "00280004", "MONOCHROME2").upper(),
            planar_configuration=integer(dataset, "00280006", 0),
            bits_allocated=allocated,
            bits_stored=min(max(stored, 1), allocated),
            high_bit=integer(dataset, "00280102", stored - 1),
            signed=integer(dataset, "00280103", 0) == 1,
            floating=floating,
            words=dataset.get("7FE00010", {}).get("vr") != "OB",
            number_of_frames=max(1, int(number(dataset, "00280008", 1))),
        )

    @property
    def native_bits(self) -> int:
        """Bits of one frame in a native (uncompressed) syntax."""
        samples = 2 if self.subsampled else self.samples_per_pixel
        return self.rows * self.columns * samples * self.bits_allocated

    @property
    def subsampled(self) -> bool:
        """YBR_FULL_422 in a native syntax: two pixels share their chrominance (C.7.6.3.1.2)."""
        return (
            self.transfer_syntax_uid in NATIVE
            and self.samples_per_pixel == 3
            and self.photometric_interpretation.endswith("_422")
        )

    @property
    def dtype(self) -> np.dtype[Any]:
        """Little endian type of one stored value."""
        if self.floating:
            return np.dtype("<f8" if self.bits_allocated == 64 else "<f4")
        size = max(1, self.bits_allocated // 8)
        return np.dtype(f"<{'i' if self.signed else 'u'}{size}")


@dataclass(frozen=True, slots=True)
class Frame:
    """One decoded frame: (rows, columns) or (rows, columns, 3), and what the numbers mean."""

    values: Array
    photometric_interpretation: str
