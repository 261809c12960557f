"""A peer's status in the words of the books."""

import pytest

from vesalius.standards.dicom.statuses import Operation, describe, meaning


@pytest.mark.parametrize(
    ("operation", "code", "words"),
    [
        ("C-ECHO", 0x0122, "refused: SOP Class not supported"),
        ("C-STORE", 0xA700, "refused: out of resources"),
        ("C-STORE", 0xA7FF, "refused: out of resources"),
        ("C-STORE", 0xA901, "data set does not match SOP Class"),
        ("C-STORE", 0xB006, "warning: elements discarded"),
        ("C-STORE", 0xC123, "cannot understand"),
        ("C-FIND", 0xA900, "identifier does not match SOP Class"),
        ("C-FIND", 0xC001, "unable to process"),
        ("C-MOVE", 0xA801, "refused: move destination unknown"),
        ("C-MOVE", 0xB000, "sub-operations complete, with failures or warnings"),
        ("C-MOVE", 0xFE00, "cancelled"),
        ("C-ECHO", 0xB123, "warning"),
        ("C-FIND", 0x7777, "a status the standard does not know"),
    ],
)
def test_meaning(operation: Operation, code: int, words: str) -> None:
    assert meaning(operation, code) == words


def test_describe() -> None:
    assert describe("C-MOVE", 0xA801) == "status A801 (refused: move destination unknown)"
    said = describe("C-STORE", 0xA700, "disk full")
    assert said == "status A700 (refused: out of resources): disk full"
