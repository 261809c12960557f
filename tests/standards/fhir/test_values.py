"""Decimals, dates, references, patches and the values that searches find."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vesalius.kit.errors import Invalid
from vesalius.standards import fhir

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.text(max_size=8)
    | st.decimals(allow_nan=False, allow_infinity=False, places=3),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4)
    ),
    max_leaves=12,
)


class TestJson:
    @given(JSON)
    def test_comes_back_as_it_was(self, value):
        assert fhir.parse(fhir.write(value)) == value

    @pytest.mark.parametrize(
        "text", ["1.00", "0.0", "-0.00", "1E-22", "100.0000000000000000000001"]
    )
    def test_keeps_the_digits(self, text):
        assert str(fhir.parse(f"[{text}]".encode())[0]) == text
        assert fhir.write(fhir.parse(f"[{text}]".encode())) == f"[{text}]".encode()

    @pytest.mark.parametrize("depth", [65, 500, 5_000, 1_000_000])
    def test_refuses_nesting(self, depth):
        with pytest.raises(fhir.NotJson):
            fhir.parse(b"[" * depth + b"]" * depth, depth=64)
        with pytest.raises(fhir.NotJson):
            fhir.parse(b'{"a":' * depth + b"1" + b"}" * depth, depth=64)

    def test_takes_what_is_wide(self):
        assert len(fhir.parse(b"[" + b"[]," * 9_999 + b"[]]", depth=64)) == 10_000


class TestDates:
    @pytest.mark.parametrize(
        ("text", "seconds"),
        [
            ("2024", 366 * 86400),
            ("2023", 365 * 86400),
            ("2024-02", 29 * 86400),
            ("2024-02-29", 86400),
            ("2024-02-29T10:00Z", 60),
            ("2024-02-29T10:00:00Z", 1),
            ("2024-02-29T10:00:00.5Z", 0.1),
            ("2024-02-29T10:00:00.123Z", 0.001),
        ],
    )
    def test_cover_their_precision(self, text, seconds):
        first, last = fhir.date_range(text)
        assert (last - first + 1) / 1_000_000 == seconds

    def test_know_zones(self):
        assert fhir.date_range("2024-01-01T01:30:00+01:30") == fhir.date_range(
            "2024-01-01T00:00:00Z"
        )

    @pytest.mark.parametrize("text", ["", "x", "24", "2024-13", "2024-02-30", "2024-01-01T25:00Z"])
    def test_refuse_others(self, text):
        with pytest.raises(ValueError):
            fhir.date_range(text)


class TestReferences:
    @pytest.mark.parametrize(
        ("text", "target"),
        [
            ("Patient/1", ("Patient", "1", None)),
            ("Patient/1/_history/2", ("Patient", "1", None)),
            ("http://x/fhir/Patient/1", ("Patient", "1", "http://x/fhir")),
        ],
    )
    def test_are_taken_apart(self, text, target):
        found = fhir.parse_reference(text)
        assert found is not None
        assert (found.type, found.id, found.base) == target

    @pytest.mark.parametrize(
        "text", ["#p", "urn:uuid:x", "Sausage/1", "Patient/", "Patient/a b", 1]
    )
    def test_of_other_kinds_have_no_target(self, text):
        assert fhir.parse_reference(text) is None


class TestPatch:
    @pytest.mark.parametrize(
        ("operation", "expected"),
        [
            ({"op": "add", "path": "/b/-", "value": 3}, {"a": 1, "b": [1, 2, 3]}),
            ({"op": "add", "path": "/b/0", "value": 0}, {"a": 1, "b": [0, 1, 2]}),
            ({"op": "remove", "path": "/a"}, {"b": [1, 2]}),
            ({"op": "replace", "path": "/b/1", "value": 9}, {"a": 1, "b": [1, 9]}),
            ({"op": "move", "from": "/a", "path": "/c"}, {"b": [1, 2], "c": 1}),
            ({"op": "copy", "from": "/a", "path": "/c"}, {"a": 1, "b": [1, 2], "c": 1}),
            ({"op": "test", "path": "/a", "value": 1}, {"a": 1, "b": [1, 2]}),
        ],
    )
    def test_does_each_operation(self, operation, expected):
        document = {"a": 1, "b": [1, 2]}
        assert fhir.apply_patch(document, [operation]) == expected
        assert document == {"a": 1, "b": [1, 2]}

    @pytest.mark.parametrize(
        "operations",
        [
            {},
            [1],
            [{"op": "x", "path": ""}],
            [{"op": "add", "path": "a", "value": 1}],
            [{"op": "remove", "path": "/x"}],
            [{"op": "add", "path": "/b/9", "value": 1}],
            [{"op": "replace", "path": "/b/01", "value": 1}],
            [{"op": "add", "path": "/a/b/c", "value": 1}],
            [{"op": "move", "from": "/b", "path": "/b/0"}],
            [{"op": "remove", "path": ""}],
        ],
    )
    def test_refuses_what_cannot_be_done(self, operations):
        with pytest.raises((Invalid, fhir.TestFailed, Exception)) as refused:
            fhir.apply_patch({"a": 1, "b": [1, 2]}, operations)
        assert type(refused.value).__module__.startswith("vesalius")


class TestExtraction:
    def test_finds_what_searches_name(self):
        body = {
            "resourceType": "Observation",
            "status": "final",
            "code": {"coding": [{"system": "http://loinc.org", "code": "8480-6"}]},
            "subject": {"reference": "http://me/fhir/Patient/1", "identifier": {"value": "7"}},
            "effectivePeriod": {"start": "2024"},
            "valueQuantity": {"value": Decimal("5.40"), "code": "mg"},
        }
        found = fhir.extract(body, base="http://me/fhir")
        assert ("code", "http://loinc.org", "8480-6") in found.tokens
        assert ("status", None, "final") in found.tokens
        assert ("subject:identifier", "", "7") in found.tokens
        assert ("subject", "Patient/1") in found.references
        assert found.dates[0][0] == "date"
        assert found.dates[0][2] == fhir.FOREVER
        assert found.quantities[0][1] == Decimal("5.40")
        assert fhir.patients_of(body, base="http://me/fhir") == ["1"]

    def test_tells_the_living_from_the_dead(self):
        def deceased(**elements):
            found = fhir.extract({"resourceType": "Patient", **elements})
            return [code for name, _, code in found.tokens if name == "deceased"]

        assert deceased() == ["false"]
        assert deceased(deceasedBoolean=False) == ["false"]
        assert deceased(deceasedDateTime="2020") == ["true"]

    @pytest.mark.parametrize(
        ("text", "plain"),
        [
            ("  Zoë  Müller ", "zoe muller"),
            ("ÅNGSTRÖM", "angstrom"),
            ("が", "が"),
            ("STRASSE", "strasse"),
            ("ß", "ss"),
        ],
    )
    def test_compares_strings_without_case_and_accents(self, text, plain):
        assert fhir.normalise(text) == plain


class TestCompartments:
    @pytest.mark.parametrize(
        ("resource", "patients"),
        [
            (
                {
                    "resourceType": "Patient",
                    "id": "1",
                    "link": [{"other": {"reference": "Patient/2"}}],
                },
                ["1"],
            ),
            ({"resourceType": "Device", "patient": {"reference": "Patient/1"}}, ["1"]),
            ({"resourceType": "Organization", "id": "x"}, []),
            (
                {
                    "resourceType": "Appointment",
                    "participant": [
                        {"actor": {"reference": "Patient/1"}},
                        {"actor": {"reference": "Patient/2"}},
                        {"actor": {"reference": "Practitioner/3"}},
                    ],
                },
                ["1", "2"],
            ),
            ({"resourceType": "Binary", "securityContext": {"reference": "Patient/4"}}, ["4"]),
            (
                {
                    "resourceType": "Bundle",
                    "entry": [
                        {
                            "resource": {
                                "resourceType": "Observation",
                                "subject": {"reference": "Patient/5"},
                            }
                        }
                    ],
                },
                ["5"],
            ),
        ],
    )
    def test_say_whose_record_it_is(self, resource, patients):
        assert fhir.patients_of(resource) == patients
