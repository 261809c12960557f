"""Data sets to JSON and back: what is written is read again, by us and by pydicom."""

import io
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_dataset

from vesalius.kit.errors import Invalid
from vesalius.standards.dicom import decode_dataset, encode_dataset

IMPLICIT, EXPLICIT, BIG = "1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2"

text = st.text(
    st.characters(codec="utf-8", exclude_characters="\\^=\0\x1b", exclude_categories=["C", "Z"]),
    min_size=1,
    max_size=16,
)
elements: dict[str, st.SearchStrategy[dict[str, Any]]] = {
    "00080050": st.lists(text, max_size=1).map(lambda v: {"vr": "SH", "Value": v}),
    "00081030": st.lists(text, max_size=1).map(lambda v: {"vr": "LO", "Value": v}),
    "00100010": st.fixed_dictionaries(
        {"Alphabetic": text}, optional={"Ideographic": text, "Phonetic": text}
    ).map(lambda v: {"vr": "PN", "Value": [v]}),
    "00100020": text.map(lambda v: {"vr": "LO", "Value": [v]}),
    "00280010": st.integers(0, 65535).map(lambda v: {"vr": "US", "Value": [v]}),
    "00200032": st.lists(st.integers(-999, 999), min_size=3, max_size=3).map(
        lambda v: {"vr": "DS", "Value": v}
    ),
    "00189074": st.just({"vr": "DT"}),
    "00189087": st.floats(-1e9, 1e9).map(lambda v: {"vr": "FD", "Value": [v]}),
    "00280009": st.integers(0, 2**32 - 1).map(lambda v: {"vr": "AT", "Value": [f"{v:08X}"]}),
}
plain = st.fixed_dictionaries({}, optional=elements)
datasets = st.tuples(plain, st.lists(plain, max_size=3)).map(
    lambda pair: pair[0] | ({"00400100": {"vr": "SQ", "Value": pair[1]}} if pair[1] else {})
)


def _said(dataset: dict[str, Any]) -> dict[str, Any]:
    """Without the character set, and without values that are empty lists."""
    out = {}
    for tag, element in dataset.items():
        if tag == "00080005":
            continue
        values = element.get("Value")
        if element["vr"] == "SQ" and values:
            values = [_said(item) for item in values]
        out[tag] = {"vr": element["vr"], **({"Value": values} if values else {})}
    return out


@given(datasets, st.sampled_from([IMPLICIT, EXPLICIT, BIG]))
@settings(deadline=None, max_examples=150)
def test_what_is_written_is_read(dataset: dict[str, Any], syntax: str) -> None:
    assert _said(decode_dataset(encode_dataset(dataset, syntax), syntax)) == _said(dataset)


@given(datasets)
@settings(deadline=None, max_examples=50)
def test_pydicom_reads_the_same(dataset: dict[str, Any]) -> None:
    stream = io.BytesIO(encode_dataset(dataset, IMPLICIT))
    read = dcmread(stream, force=True)
    for tag in ("00100020", "00280010"):
        if tag in dataset:
            assert read[int(tag, 16)].to_json_dict(None, 0) == dataset[tag]
    if "00100010" in dataset:
        # pydicom gives empty component groups too.
        [name] = read["PatientName"].to_json_dict(None, 0)["Value"]
        assert [{k: v for k, v in name.items() if v}] == dataset["00100010"]["Value"]


def test_reads_what_pydicom_writes() -> None:
    dataset = Dataset()
    dataset.QueryRetrieveLevel = "STUDY"
    dataset.PatientName, dataset.StudyDate = "DOE*", "20240101-"
    dataset.ModalitiesInStudy = ["CT", "MR"]
    dataset.NumberOfStudyRelatedInstances = None
    stream = DicomBytesIO()
    stream.is_little_endian, stream.is_implicit_VR = True, True
    write_dataset(stream, dataset)
    assert decode_dataset(stream.getvalue(), IMPLICIT) == {
        "00080020": {"vr": "DA", "Value": ["20240101-"]},
        "00080052": {"vr": "CS", "Value": ["STUDY"]},
        "00080061": {"vr": "CS", "Value": ["CT", "MR"]},
        "00100010": {"vr": "PN", "Value": [{"Alphabetic": "DOE*"}]},
        "00201208": {"vr": "IS"},
    }


def test_text_that_needs_it_goes_out_in_utf_8_and_says_so() -> None:
    ascii_only = {"00100010": {"vr": "PN", "Value": [{"Alphabetic": "Doe"}]}}
    assert "00080005" not in decode_dataset(encode_dataset(ascii_only, IMPLICIT), IMPLICIT)
    latin = {
        "00080005": {"vr": "CS", "Value": ["ISO_IR 100"]},
        "00100010": {"vr": "PN", "Value": [{"Alphabetic": "Zoë"}]},
    }
    assert b"Zo\xeb" in encode_dataset(latin, IMPLICIT)
    japanese = latin | {"00100010": {"vr": "PN", "Value": [{"Ideographic": "山田"}]}}
    out = decode_dataset(encode_dataset(japanese, IMPLICIT), IMPLICIT)
    assert out["00080005"]["Value"] == ["ISO_IR 192"]
    assert out["00100010"]["Value"] == [{"Ideographic": "山田"}]


@pytest.mark.parametrize(
    "element",
    [
        {"vr": "US", "Value": [70_000]},
        {"vr": "US", "Value": ["x"]},
        {"vr": "AT", "Value": ["zz"]},
        {"vr": "SH", "Value": ["x" * 70_000]},
    ],
)
def test_values_that_do_not_fit(element: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        encode_dataset({"00091001": element}, EXPLICIT)
