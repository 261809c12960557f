"""Names compared and searched in every script."""

import pytest

from tests.care.builders import name
from vesalius.care.patients.names import agree, fold, search_tokens, tokens


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("MÜLLER", "muller"),
        ("Straße", "strasse"),
        ("Łukasz", "lukasz"),
        ("Øystein", "oystein"),
        ("Ёлкин", "елкин"),
        ("Άννα", "αννα"),
        ("ﾔﾏﾀﾞ", "やまだ"),
        ("ヤマダ", "やまだ"),
        ("أحمد", "احمد"),
        ("مُحَمَّد", "محمد"),
        ("شָׁלוֹם", "شלום"),
    ],
)
def test_fold(text: str, folded: str) -> None:
    assert fold(text) == folded


def test_voicing_marks_are_letters_in_japanese() -> None:
    assert fold("がき") != fold("かき")


def test_tokens_split_where_names_are_joined() -> None:
    assert tokens("García-Márquez, Gabriel") == ["garcia", "marquez", "gabriel"]


def test_search_finds_joined_and_split_spellings() -> None:
    words = search_tokens([name("O'Neill", "Anne-Marie")])
    assert {"o", "neill", "oneill", "anne", "marie", "annemarie"} <= words


def test_search_finds_any_part_of_a_name_without_spaces() -> None:
    assert {"山田太郎", "太郎", "郎"} <= search_tokens([{"text": "山田太郎"}])


YAMADA = [
    name("Yamada", "Tarou"),
    name("山田", "太郎"),
    name("やまだ", "たろう"),
]


@pytest.mark.parametrize(
    "dicom",
    [
        {"Alphabetic": "YAMADA^TAROU"},
        {"Alphabetic": "Tarou^Yamada"},
        {"Ideographic": "山田^太郎"},
        {"Ideographic": "山田太郎"},
        {"Alphabetic": "XX^YY", "Phonetic": "ヤマダ^タロウ"},
        {"Alphabetic": "Yamada^Tarou^^Dr."},
    ],
)
def test_any_group_agrees(dicom: dict[str, str]) -> None:
    assert agree(dicom, YAMADA)


@pytest.mark.parametrize(
    ("dicom", "recorded"),
    [
        ("MUELLER^HANS", name("Müller", "Hans")),
        ("Müller^Hans", name("Mueller", "Hans")),
        ("SMITH^JOHN^ALLEN", name("Smith", "John")),
        ("SMITH^JOHN", name("Smith", "John", "Allen")),
        ("ONEILL^SARAH", name("O'Neill", "Sarah")),
        ("GARCIA MARQUEZ^GABRIEL", name("García-Márquez", "Gabriel")),
        ("ИВАНОВ^ПЁТР", name("Иванов", "Петр")),
    ],
)
def test_known_variations_agree(dicom: str, recorded: dict[str, object]) -> None:
    assert agree({"Alphabetic": dicom}, [recorded])


@pytest.mark.parametrize(
    ("dicom", "recorded"),
    [
        ("SMITH^J", name("Smith", "John")),
        ("SMITH", name("Smith", "John")),
        ("SMITH^JANE", name("Smith", "John")),
        ("JONES^JOHN", name("Smith", "John")),
        ("^", name("Smith", "John")),
        ("", name("Smith", "John")),
        ("^^^DR", name("", prefix=["Dr"])),
    ],
)
def test_doubt_does_not_agree(dicom: str, recorded: dict[str, object]) -> None:
    assert not agree({"Alphabetic": dicom}, [recorded])
