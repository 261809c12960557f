"""pydicom's files, and pydicom's reading of them, to compare with."""

import base64
import io
import warnings
import zlib
from functools import cache
from pathlib import Path
from typing import Any

import pydicom
from pydicom.data import get_charset_files, get_testdata_files
from pydicom.filereader import _read_file_meta_info

from vesalius.standards.dicom.uids import TransferSyntax, transfer_syntax

# Not what they say they are: truncated, implicit where explicit is declared, a bad directory.
REFUSED = {"SC_rgb_jpeg.dcm", "DICOMDIR-nooffset", "rtplan_truncated.dcm"}
# pydicom itself cannot write their JSON, or guesses private VRs from its own dictionary.
UNCOMPARABLE = {"badVR.dcm"}


@cache
def files() -> list[Path]:
    """pydicom's Part 10 files that name their transfer syntax."""
    found = {Path(name) for name in (*get_testdata_files(), *get_charset_files())}
    return sorted(path for path in found if path.is_file() and _syntax_uid(path))


@cache
def _syntax_uid(path: Path) -> str | None:
    with path.open("rb") as file:
        if file.read(132)[128:] != b"DICM":
            return None
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return str(_read_file_meta_info(file).get("TransferSyntaxUID") or "") or None


def read(path: Path) -> tuple[TransferSyntax, bytes]:
    """Transfer syntax and (inflated) data set of a file."""
    uid = _syntax_uid(path)
    assert uid
    syntax = transfer_syntax(uid)
    data = path.read_bytes()
    stream = io.BytesIO(data)
    stream.seek(132)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        _read_file_meta_info(stream)
    dataset = data[stream.tell() :]
    return syntax, zlib.decompress(dataset, -15) if syntax.deflated else dataset


def pydicom_json(path: Path) -> dict[str, Any]:
    """The DICOM JSON model as pydicom writes it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        out: dict[str, Any] = pydicom.dcmread(path).to_json_dict(bulk_data_threshold=10**9)
    return out


def differences(ours: dict[str, Any], theirs: dict[str, Any], where: str = "") -> list[str]:
    """Where two data sets differ in what they say; blanks around text and group lengths aside."""
    found = []
    for tag in sorted(ours.keys() | theirs.keys()):
        path = f"{where}/{tag}"
        if tag.endswith("0000"):
            continue
        if tag not in ours or tag not in theirs:
            found.append(f"{path} is only in {'theirs' if tag not in ours else 'ours'}")
            continue
        found += _element_differences(ours[tag], theirs[tag], path)
    return found


def _element_differences(ours: dict[str, Any], theirs: dict[str, Any], path: str) -> list[str]:
    if ours["vr"] != theirs["vr"]:
        # pydicom knows some vendors' private elements; the standard says UN.
        private = int(path[-8:-4], 16) & 1
        return [] if private and ours["vr"] == "UN" else [f"{path}: {ours['vr']} {theirs['vr']}"]
    if ours["vr"] == "SQ":
        mine, other = ours.get("Value", []), theirs.get("Value", [])
        if len(mine) != len(other):
            return [f"{path}: {len(mine)} items, {len(other)} items"]
        pairs = zip(mine, other, strict=True)
        return [d for n, (a, b) in enumerate(pairs) for d in differences(a, b, f"{path}/{n}")]
    if "BulkDataURI" in ours:
        return []
    if "InlineBinary" in ours or "InlineBinary" in theirs:
        mine, other = (base64.b64decode(e.get("InlineBinary", "")) for e in (ours, theirs))
        return [] if mine == other else [f"{path}: other bytes"]
    mine, other = (_values(element) for element in (ours, theirs))
    return [] if mine == other else [f"{path}: {mine!r} {other!r}"]


def _values(element: dict[str, Any]) -> list[Any]:
    values = [_plain(value) for value in element.get("Value", [])]
    return values if any(value is not None for value in values) else []


def _plain(value: Any) -> Any:
    if isinstance(value, str):
        return value.strip() or None
    if isinstance(value, dict):
        return {key: text.strip() for key, text in value.items() if text.strip()} or None
    return round(value, 9) if isinstance(value, float) else value
