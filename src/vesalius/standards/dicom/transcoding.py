"""Instances and frames to Explicit VR Little Endian, the syntax every reader reads (PS3.5 A.2).

Runs in worker processes: files in, files out, so that nothing large crosses the pipe.
"""

import warnings
from typing import Any

import numpy as np
import orjson
import pydicom
from pydicom.dataset import FileDataset
from pydicom.encaps import generate_frames
from pydicom.uid import ExplicitVRLittleEndian

from vesalius.kit.errors import Invalid, Unsupported
from vesalius.standards.dicom import pixels
from vesalius.standards.dicom.attributes import Json
from vesalius.standards.dicom.pixel_description import BIG_ENDIAN, EXPLICIT, NATIVE

# Elements of the Image Pixel module a decoder needs to know.
PIXEL_GROUP = 0x0028
LOSSY = frozenset(
    "1.2.840.10008.1.2.4." + each for each in ("50", "51", "81", "91", "93", "112", "203")
)


def frame_to_native(
    document: bytes, transfer_syntax_uid: str, data: bytes, first_bit: int = 0
) -> bytes:
    """One frame as the pixel data of an explicit little endian instance would hold it."""
    dataset: Json = orjson.loads(document)
    description = pixels.PixelDescription.of(dataset, transfer_syntax_uid)
    if transfer_syntax_uid == BIG_ENDIAN:
        return _swapped(data, description)
    if transfer_syntax_uid in NATIVE and description.bits_allocated > 1:
        return data
    frame = pixels.decode(data, description, first_bit=first_bit)
    return pixels.native_bytes(frame, description)


def instance_to_explicit(source: str, target: str) -> int:
    """Write the Part 10 file `source` to `target` as Explicit VR Little Endian; its size."""
    with warnings.catch_warnings():
        # pydicom warns about every oddity of other people's files; they are passed on as found.
        warnings.simplefilter("ignore")
        dataset = pydicom.dcmread(source, force=True)
        syntax = str(dataset.file_meta.TransferSyntaxUID)
        if syntax not in NATIVE and "PixelData" in dataset:
            _decompress(dataset, syntax)
        elif syntax == BIG_ENDIAN:
            _swap_words(dataset)
        dataset.preamble = dataset.preamble or bytes(128)
        dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        dataset.file_meta.FileMetaInformationGroupLength = 0  # counted when written
        with open(target, "wb") as file:
            pydicom.dcmwrite(
                file,
                dataset,
                implicit_vr=False,
                little_endian=True,
                force_encoding=True,
            )
            return file.tell()


def _decompress(dataset: FileDataset, syntax: str) -> None:
    if not pixels.decodable(syntax):
        raise Unsupported("Pixel data of this transfer syntax cannot be decoded here.")
    described = {f"{each.tag:08X}": _json_of(each) for each in dataset.group_dataset(PIXEL_GROUP)}
    description = pixels.PixelDescription.of(described, syntax)
    frames = generate_frames(dataset.PixelData, number_of_frames=description.number_of_frames)
    decoded = [pixels.decode(each, description) for each in frames]
    if not decoded:
        raise Invalid("The instance has no frames.")
    data = b"".join(pixels.native_bytes(each, description) for each in decoded)
    dataset.PixelData = data + bytes(len(data) & 1)
    dataset["PixelData"].VR = "OB" if description.bits_allocated <= 8 else "OW"
    dataset["PixelData"].is_undefined_length = False
    dataset.PhotometricInterpretation = decoded[0].photometric_interpretation
    if description.samples_per_pixel > 1:
        dataset.PlanarConfiguration = 0
    for keyword in ("ExtendedOffsetTable", "ExtendedOffsetTableLengths"):
        if keyword in dataset:
            delattr(dataset, keyword)
    if syntax in LOSSY and "LossyImageCompression" not in dataset:
        # What lossy compression took away does not come back (PS3.3 C.7.6.1.1.5).
        dataset.LossyImageCompression = "01"


def _json_of(element: Any) -> dict[str, Any]:
    value = element.value
    if value is None or isinstance(value, bytes):
        return {"vr": element.VR}
    values = list(value) if isinstance(value, list | pydicom.multival.MultiValue) else [value]
    return {"vr": element.VR, "Value": values}


def _swapped(data: bytes, description: pixels.PixelDescription) -> bytes:
    if description.bits_allocated == 8 and description.words:
        return np.frombuffer(data + bytes(len(data) & 1), "<u2").byteswap().tobytes()[: len(data)]
    if description.bits_allocated <= 8:
        return data
    return np.frombuffer(data, f"u{description.bits_allocated // 8}").byteswap().tobytes()


def _swap_words(dataset: pydicom.Dataset) -> None:
    """pydicom keeps OW, OF, OL, OD and OV as they stood in the file: turn them round here."""
    sizes = {"OW": 2, "OF": 4, "OL": 4, "OD": 8, "OV": 8}
    for element in dataset.iterall():
        size = sizes.get(element.VR)
        if size is None or not isinstance(element.value, bytes):
            continue
        if element.tag == 0x7FE00010 and dataset.get("BitsAllocated", 16) > 16:
            size = dataset.BitsAllocated // 8
        whole = len(element.value) // size * size
        element.value = np.frombuffer(element.value[:whole], f"u{size}").byteswap().tobytes()


__all__ = ["EXPLICIT", "frame_to_native", "instance_to_explicit"]
