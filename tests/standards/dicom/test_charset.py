"""Character sets: the samples of PS3.5 Annexes H to K, and what is not as it should be."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vesalius.standards.dicom.charset import EXTENDED, SINGLE, Charset


@pytest.mark.parametrize(
    ("terms", "value", "expected"),
    [
        (
            ["", "ISO 2022 IR 87"],
            b"Yamada^Tarou=\x1b$B;3ED\x1b(B^\x1b$BB@O:\x1b(B=\x1b$B$d$^$@\x1b(B^\x1b$B$?$m$&\x1b(B",
            "Yamada^Tarou=山田^太郎=やまだ^たろう",
        ),
        (
            ["ISO 2022 IR 13", "ISO 2022 IR 87"],
            b"\xd4\xcf\xc0\xde^\xc0\xdb\xb3=\x1b$B;3ED\x1b(J^\x1b$BB@O:\x1b(J",
            "ﾔﾏﾀﾞ^ﾀﾛｳ=山田^太郎",
        ),
        (
            ["", "ISO 2022 IR 149"],
            b"Hong^Gildong=\x1b$)C\xfb\xf3^\x1b$)C\xd1\xce\xd4\xd7",
            "Hong^Gildong=洪^吉洞",
        ),
        (
            ["", "ISO 2022 IR 58"],
            b"Zhang^XiaoDong=\x1b$)A\xd5\xc5^\x1b$)A\xd0\xa1\xb6\xab=",
            "Zhang^XiaoDong=张^小东=",
        ),
        (["ISO_IR 192"], "Wang^XiaoDong=王^小東".encode(), "Wang^XiaoDong=王^小東"),
        (["GB18030"], "王^小东".encode("gb18030"), "王^小东"),
        (["ISO_IR 144"], "Люкceмбypг".encode("iso8859-5"), "Люкceмбypг"),
        (["ISO_IR 127"], "قباني^لنزار".encode("iso8859-6"), "قباني^لنزار"),
        (["ISO_IR 100"], b"Buc^J\xe9r\xf4me", "Buc^Jérôme"),
        (["ISO IR 100"], b"J\xe9", "Jé"),
        (["ISO 2022 IR 6", "ISO 2022 IR 100"], b"\x1b-AJ\xe9", "Jé"),
        (["", "ISO 2022 IR 144"], b"A\\\x1b-L\xbb\\\xbb", "A\\Л\\»"),
        ([], "Zoë".encode(), "Zoë"),
        ([], b"Zo\xeb", "Zoë"),
        (["", "ISO 2022 IR 87"], b"a\x1b$", "a$"),
    ],
    ids=lambda value: None if isinstance(value, bytes) else str(value)[:30],
)
def test_decodes(terms: list[str], value: bytes, expected: str) -> None:
    assert Charset(terms).decode(value, name=True) == expected


def test_backslash_inside_a_kanji_is_no_delimiter() -> None:
    # Second bytes of JIS X 0208 may be 0x5C or 0x3D.
    for letter in ("表", "構", "ソ"):
        encoded = letter.encode("iso2022_jp")
        assert Charset(["", "ISO 2022 IR 87"]).decode(encoded) == letter


def test_an_unknown_set_is_read_as_utf_8_and_known_to_be_unknown() -> None:
    charset = Charset(["KLINGON"])
    assert not charset.known
    assert charset.decode("né".encode()) == "né"
    assert charset.decode(b"n\xe9") == "n\ufffd"


@given(
    st.lists(st.sampled_from(sorted({*SINGLE, *EXTENDED, "?"})), max_size=3),
    st.binary(max_size=60),
    st.booleans(),
)
def test_never_fails(terms: list[str], value: bytes, name: bool) -> None:
    text = Charset(terms).decode(value, name=name)
    text.encode("utf-8")
