"""The walker: right where pydicom is right, and never worse than Invalid."""

import contextlib
import struct
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.standards.dicom import oracle
from tests.standards.dicom.walking import (
    SEQUENCE_END,
    UNDEFINED,
    dataset_of,
    element,
    item,
    walk,
)

from vesalius.kit.errors import Invalid
from vesalius.standards.dicom.walker import Walker

GOOD = [path for path in oracle.files() if path.name not in oracle.REFUSED]


class TestAgainstPydicom:
    @pytest.mark.parametrize(
        "path", [p for p in GOOD if p.name not in oracle.UNCOMPARABLE], ids=lambda p: p.name
    )
    def test_says_the_same(self, path: Path) -> None:
        syntax, data = oracle.read(path)
        walker = walk(data, explicit=syntax.explicit, big_endian=syntax.big_endian)
        ours = dataset_of(walker)
        theirs = oracle.pydicom_json(path)
        if walker.done:
            # Trailing elements behind the pixel data are nobody's index.
            theirs = {t: e for t, e in theirs.items() if int(t, 16) <= walker.pixel_tag}
        assert oracle.differences(ours, theirs) == []

    @given(pieces=st.lists(st.integers(1, 400), max_size=80), data=st.data())
    @settings(max_examples=60, deadline=None)
    def test_does_not_mind_how_bytes_arrive(self, pieces: list[int], data: st.DataObject) -> None:
        syntax, dataset = oracle.read(data.draw(st.sampled_from(GOOD)))
        options = {"explicit": syntax.explicit, "big_endian": syntax.big_endian}
        whole = walk(dataset, **options)
        cut = walk(dataset, pieces=pieces, **options)
        assert dataset_of(cut) == dataset_of(whole)
        assert (cut.bulk, cut.pixel_offset, cut.pixel_length, cut.warnings) == (
            whole.bulk,
            whole.pixel_offset,
            whole.pixel_length,
            whole.warnings,
        )

    @pytest.mark.parametrize("name", sorted(oracle.REFUSED))
    def test_refuses_what_is_not_what_it_says(self, name: str) -> None:
        path = next(path for path in oracle.files() if path.name == name)
        syntax, data = oracle.read(path)
        with pytest.raises(Invalid):
            walk(data, explicit=syntax.explicit, big_endian=syntax.big_endian)


class TestHostileBytes:
    @given(st.binary(max_size=2000), st.booleans(), st.booleans())
    @settings(max_examples=300, deadline=None)
    def test_noise_is_invalid_or_read(self, data: bytes, explicit: bool, big: bool) -> None:
        with contextlib.suppress(Invalid):
            dataset_of(walk(data, explicit=explicit, big_endian=big, strict=False))

    @given(st.data())
    @settings(max_examples=200, deadline=None)
    def test_changed_bytes_are_invalid_or_read(self, data: st.DataObject) -> None:
        syntax, dataset = oracle.read(data.draw(st.sampled_from(GOOD)))
        changed = bytearray(dataset[:6000])
        for _ in range(data.draw(st.integers(1, 8))):
            place = data.draw(st.integers(0, max(0, len(changed) - 1)))
            changed[place : place + 1] = bytes([data.draw(st.integers(0, 255))])
        with contextlib.suppress(Invalid):
            dataset_of(walk(bytes(changed), explicit=syntax.explicit, big_endian=syntax.big_endian))

    @pytest.mark.parametrize("length", [UNDEFINED, None], ids=["undefined", "defined"])
    def test_300_nested_sequences(self, length: int | None) -> None:
        content = element(0x00080100, "SH", b"X ")
        for _ in range(300):
            inner = item(content, length)
            end = SEQUENCE_END if length else b""
            content = element(0x0040A730, "SQ", inner + end, length)
        with pytest.raises(Invalid, match="nested deeper"):
            walk(content)

    def test_64_nested_sequences_are_taken(self) -> None:
        content = element(0x00080100, "SH", b"X ")
        for _ in range(64):
            content = element(0x0040A730, "SQ", item(content, UNDEFINED) + SEQUENCE_END, UNDEFINED)
        dataset = dataset_of(walk(content))
        for _ in range(64):
            dataset = dataset["0040A730"]["Value"][0]
        assert dataset["00080100"]["Value"] == ["X"]

    @pytest.mark.parametrize(
        ("data", "words"),
        [
            (element(0x00100010, "PN", b"A^B ", 400), "truncated"),
            (element(0x00100010, "PN", b"A^B ")[:6], "truncated"),
            (element(0x00420011, "OB", b"abcd", 10**6), "truncated"),
            (element(0x00081140, "SQ", item(element(0x00080100, "SH", b"X ", 60))), "longer than"),
            (element(0x00081140, "SQ", item(b"", 900), 8), "longer than"),
            (element(0x00081140, "SQ", b"", UNDEFINED), "truncated"),
            (element(0x00081140, "SQ", item(b"") + b"\0" * 8), "other than items"),
            (element(0x00100010, "PN", b"A ") * 2, "twice"),
            (item(b""), "where none may stand"),
            (SEQUENCE_END, "where none may stand"),
            (element(0x00020010, "UI", b"1.2 "), "group"),
            (element(0x00000002, "UI", b"1.2 "), "group"),
            (struct.pack("<HH2sH", 0x10, 0x10, b"\0\0", 2) + b"A ", "value representation"),
            (element(0x00100010, "UT", b"", UNDEFINED), "undefined length"),
            (element(0x7FE00010, "PN", b"A "), "wrong value representation"),
        ],
    )
    def test_is_refused_in_words(self, data: bytes, words: str) -> None:
        with pytest.raises(Invalid, match=words):
            walk(data)

    def test_a_value_too_long_for_its_representation(self) -> None:
        implicit = struct.pack("<HHI", 0x0010, 0x0020, 10**6) + b"1" * 10**6
        with pytest.raises(Invalid, match="longer than its representation"):
            walk(implicit, explicit=False)

    def test_a_header_without_end(self) -> None:
        walker = Walker(header_limit=100_000)
        with pytest.raises(Invalid, match="header is longer"):
            for group in range(0x0011, 0x4001, 2):
                walker.feed(element(group << 16 | 0x0010, "LO", b"x" * 1000))

    def test_the_same_element_twice_out_of_order(self) -> None:
        data = element(0x00100020, "LO", b"1 ") + element(0x00100010, "PN", b"A ")
        assert "out of order" in walk(data).warnings[0]
        twice = data + element(0x00100020, "LO", b"2 ")
        with pytest.raises(Invalid, match="twice"):
            walk(twice, wanted=frozenset([0x00100020]))

    def test_a_million_empty_items_of_a_wanted_sequence_are_not_kept(self) -> None:
        data = element(0x00400275, "SQ", item(b"") * 100_000)
        walker = walk(data, wanted=frozenset([0x00400275]))
        assert walker.found == {}
        assert walker.warnings == ["an element was too long to be indexed"]


class TestValues:
    def _value(self, vr: str, value: bytes, tag: int = 0x00091001) -> object:
        return dataset_of(walk(element(tag, vr, value)))[f"{tag:08X}"].get("Value")

    @pytest.mark.parametrize(
        ("vr", "value", "expected"),
        [
            ("IS", b"12\\+5\\-3\\007", [12, 5, -3, 7]),
            ("IS", b"1.5 ", ["1.5"]),
            ("IS", b"1_0 ", ["1_0"]),
            ("DS", b"1.50\\-.5\\1e3\\ 7 ", [1.5, -0.5, 1000.0, 7]),
            ("DS", b"abc\\1e999 ", ["abc", "1e999"]),
            ("DS", b"\\1\\ ", [None, 1, None]),
            ("FD", struct.pack("<3d", float("nan"), float("inf"), 0.5), ["NaN", "Infinity", 0.5]),
            ("UV", struct.pack("<2Q", 2**60, 5), [str(2**60), 5]),
            ("AT", struct.pack("<4H", 0x0010, 0x0010, 0x7FE0, 0x0010), ["00100010", "7FE00010"]),
            ("SS", struct.pack("<h", -2), [-2]),
            ("US", b"\x01\x00\x02\x00", [1, 2]),
            ("US", b"\x01", None),
            ("UI", b"1.2.3\0", ["1.2.3"]),
            ("LO", b" a \\ b\0", ["a", "b"]),
            ("LT", b" a\\b  ", [" a\\b"]),
            ("CS", b'quo"te ', ['quo"te']),
            ("PN", b"A^B=C^D=\\E ", [{"Alphabetic": "A^B", "Ideographic": "C^D"},
                                   {"Alphabetic": "E"}]),
            ("PN", b"  ", None),
            ("LO", b"a\0b ", ["ab"]),
        ],
    )  # fmt: skip
    def test_is_said_in_json(self, vr: str, value: bytes, expected: object) -> None:
        assert self._value(vr, value) == expected

    def test_digits_of_decimals_are_kept(self) -> None:
        assert b"[1.500]" in walk(element(0x00180050, "DS", b"1.500 ")).take_json()

    def test_unknown_vr_of_the_future_is_read_over(self) -> None:
        data = element(0x00091001, "LO", b"a ")[:4] + b"ZZ\0\0" + struct.pack("<I", 2) + b"xy"
        walker = walk(data)
        assert dataset_of(walker) == {"00091001": {"vr": "UN", "InlineBinary": "eHk="}}
        assert walker.warnings

    def test_known_elements_sent_as_un(self) -> None:
        data = element(0x00100010, "UN", b"A^B ")
        assert dataset_of(walk(data))["00100010"] == {"vr": "PN", "Value": [{"Alphabetic": "A^B"}]}

    def test_long_values_stay_in_the_file(self) -> None:
        ecg = element(0x5400_1010, "OW", b"\1\2" * 5000)
        data = element(0x54000100, "SQ", item(element(0x5400_0103, "CS", b"") + ecg))
        data = element(0x00080018, "UI", b"1.2 ") + data + element(0x60003000, "OW", b"ab")
        walker = walk(data, pieces=[100, 3000])
        [(path, vr, offset, length)] = walker.bulk
        assert (path, vr, length) == ("54000100/0/54001010", "OW", 10_000)
        assert data[offset : offset + length] == b"\1\2" * 5000
        inner = dataset_of(walker)["54000100"]["Value"][0]
        assert inner["54001010"]["BulkDataURI"] == "bulk/54000100/0/54001010"

    def test_encapsulated_icon(self) -> None:
        fragments = item(b"") + item(b"\xff\xd8" * 10) + SEQUENCE_END
        icon = element(0x00280010, "US", b"\x08\0") + element(
            0x7FE00010, "OB", fragments, UNDEFINED
        )
        data = element(0x00880200, "SQ", item(icon)) + element(0x00880904, "LO", b"t ")
        walker = walk(data)
        [(path, _, offset, length)] = walker.bulk
        assert path == "00880200/0/7FE00010"
        assert data[offset : offset + length] == fragments[:-8]
        assert dataset_of(walker)["00880904"]["Value"] == ["t"]

    def test_un_of_undefined_length_is_implicit_inside(self) -> None:
        inner = struct.pack("<HHI", 0x0008, 0x0100, 2) + b"X "
        data = element(0x00091001, "UN", item(inner) + SEQUENCE_END, UNDEFINED)
        data += element(0x00100010, "PN", b"A ")
        dataset = dataset_of(walk(data))
        assert dataset["00091001"]["Value"][0]["00080100"] == {"vr": "SH", "Value": ["X"]}
        assert dataset["00100010"]["vr"] == "PN"


UNCOMPILED = """
import hashlib, importlib.util, sys
from importlib.machinery import SourceFileLoader
from pathlib import Path

class Plain:
    def find_spec(self, name, path=None, target=None):
        if name in ("vesalius.standards.dicom.walker", "vesalius.standards.dicom.values"):
            file = Path(path[0]) / (name.rpartition(".")[2] + ".py")
            return importlib.util.spec_from_file_location(name, file)

if sys.argv[1] == "plain":
    sys.meta_path.insert(0, Plain())
sys.path.insert(0, sys.argv[2])
from vesalius.standards.dicom import walker
from tests.standards.dicom import oracle
digest = hashlib.sha256()
for path in oracle.files():
    syntax, data = oracle.read(path)
    w = walker.Walker(frozenset([0x00100010, 0x00400275]), explicit=syntax.explicit,
                      big_endian=syntax.big_endian)
    try:
        w.feed(data)
        w.finish()
        digest.update(w.take_json())
        digest.update(repr((w.found, w.bulk, w.warnings, w.pixel_offset)).encode())
    except Exception as error:
        digest.update(repr(error).encode())
print(walker.__file__.rpartition(".")[2], digest.hexdigest())
"""


def test_compiled_and_plain_source_give_the_same() -> None:
    root = str(Path(__file__).parents[3])

    def run(way: str) -> list[str]:
        command = [sys.executable, "-W", "ignore", "-c", UNCOMPILED, way, root]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()

    plain, compiled = run("plain"), run("compiled")
    assert plain[0] == "py"
    if compiled[0] == "py":
        pytest.skip("the walker is not compiled here")
    assert plain[1] == compiled[1]
