"""An instance in another transfer syntax than it is stored in, for a peer that does not take that.

Runs in worker processes (`kit.workers`): stored bytes are hostile bytes.
"""

from __future__ import annotations

import warnings
from pathlib import Path

import pydicom
from pydicom.uid import ImplicitVRLittleEndian

from vesalius.kit.errors import Unsupported
from vesalius.standards.dicom.transcoding import instance_to_explicit
from vesalius.standards.dicom.uids import EXPLICIT_LITTLE_ENDIAN, IMPLICIT_LITTLE_ENDIAN


def transcode(source: str, target: str, transfer_syntax_uid: str) -> int:
    """Write the Part 10 file `source` to `target` uncompressed; its size."""
    if transfer_syntax_uid == EXPLICIT_LITTLE_ENDIAN:
        return instance_to_explicit(source, target)
    if transfer_syntax_uid != IMPLICIT_LITTLE_ENDIAN:
        raise Unsupported("instances are transcoded to uncompressed little endian only")
    explicit = f"{target}.explicit"
    try:
        instance_to_explicit(source, explicit)
        return _to_implicit(explicit, target)
    finally:
        Path(explicit).unlink(missing_ok=True)


def _to_implicit(source: str, target: str) -> int:
    with warnings.catch_warnings():
        # Oddities of other people's values are passed on as found.
        warnings.simplefilter("ignore")
        dataset = pydicom.dcmread(source, force=True)
        dataset.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian
        dataset.file_meta.FileMetaInformationGroupLength = 0  # counted when written
        with open(target, "wb") as file:
            pydicom.dcmwrite(
                file,
                dataset,
                implicit_vr=True,
                little_endian=True,
                force_encoding=True,
            )
            return file.tell()
