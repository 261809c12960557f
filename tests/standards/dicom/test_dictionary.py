"""The compact dictionary and the UID tables."""

import gzip
import json
import subprocess
import sys

import pytest

from vesalius.kit.errors import Invalid
from vesalius.standards.dicom import (
    STORAGE_SOP_CLASSES,
    TRANSFER_SYNTAXES,
    checked_uid,
    is_valid_uid,
    keyword_of,
    tag_of,
    transfer_syntax,
    vr_of,
)
from vesalius.standards.dicom.compile_dictionary import TARGET

MODULE = "vesalius.standards.dicom.compile_dictionary"


def test_the_file_is_what_pydicom_knows() -> None:
    stored = json.loads(gzip.decompress(TARGET.read_bytes()))
    # In a process of its own: pydicom's tables are open to whoever registers a syntax.
    program = f"import json, {MODULE} as m; print(json.dumps(m.compile_dictionary()))"
    made = subprocess.check_output([sys.executable, "-c", program])
    assert stored == json.loads(made)


@pytest.mark.parametrize(
    ("tag", "keyword", "vr"),
    [
        ("00100010", "PatientName", "PN"),
        ("7FE00010", "PixelData", "OW"),
        ("00280106", "SmallestImagePixelValue", "US"),
        ("60023000", "OverlayData", "OW"),
        ("00091001", None, "UN"),
        ("00090010", None, "LO"),
        ("00090000", None, "UL"),
    ],
)
def test_elements(tag: str, keyword: str | None, vr: str) -> None:
    assert (keyword_of(tag), vr_of(tag)) == (keyword, vr)
    if keyword and not tag.startswith("60"):
        assert tag_of(keyword) == tag


def test_tags_as_hex() -> None:
    assert tag_of("7fe00010") == "7FE00010"
    assert tag_of("NoSuchThing") is None
    assert tag_of("notahex!") is None


@pytest.mark.parametrize("uid", ["1.2.840.10008.1.1", "0", "2.25.0", "1." + "2" * 62])
def test_good_uids(uid: str) -> None:
    assert is_valid_uid(uid)
    assert checked_uid(uid, "StudyInstanceUID") == uid


@pytest.mark.parametrize(
    "uid",
    ["", "1.", ".1", "1..2", "../1", "1/2", "1\\2", "1 ", "1\n", "1." + "2" * 63, "١.٢", "x-y"],
)
def test_bad_uids(uid: str) -> None:
    assert not is_valid_uid(uid)
    with pytest.raises(Invalid, match="StudyInstanceUID") as caught:
        checked_uid(uid, "StudyInstanceUID")
    assert not uid or uid not in caught.value.message


def test_tables() -> None:
    assert STORAGE_SOP_CLASSES["1.2.840.10008.5.1.4.1.1.2"] == "CT Image Storage"
    assert "1.2.840.10008.1.20.1" not in STORAGE_SOP_CLASSES
    assert "1.2.840.10008.1.3.10" not in STORAGE_SOP_CLASSES
    assert len(STORAGE_SOP_CLASSES) > 180
    assert TRANSFER_SYNTAXES["1.2.840.10008.1.2.4.50"].encapsulated
    assert not transfer_syntax("1.2.840.10008.1.2").explicit
    assert transfer_syntax("1.2.840.10008.1.2.1.99").deflated
    assert transfer_syntax("1.2.3.4").name == "private"
    with pytest.raises(Invalid):
        transfer_syntax("1.2.840.10008.1.2.999")
