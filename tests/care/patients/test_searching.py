"""One box finds patients in any script, by number and by birth date."""

import pytest

from tests.care.builders import a_patient, name, user
from vesalius.care.patients import search
from vesalius.care.patients.searching import possible_days
from vesalius.kit.errors import Forbidden, Unauthenticated
from vesalius.kit.transaction import Transaction
from vesalius.stores import access


@pytest.mark.parametrize(
    "text",
    [
        "lovel",
        "LOVELACE ada",
        "ádà",
        "4711",
        "1980-05-01",
        "1.5.1980",
        "19800501",
        "lovelace 1/5/1980",
        "5/1/1980",
    ],
)
async def test_found(tx: Transaction, text: str) -> None:
    ada = await a_patient(tx, mrn="4711-AB")
    await a_patient(tx, name("Byron", "Anne"), mrn="1", birth_date="1990-01-01")
    assert [c.patient_reference for c in await search(tx, user(), text)] == [ada.patient_reference]


@pytest.mark.parametrize("text", ["lovelace anne", "ovelace", "1980-05-02", "%", "_ovelace"])
async def test_not_found(tx: Transaction, text: str) -> None:
    await a_patient(tx, mrn="4711")
    assert await search(tx, user(), text) == []


@pytest.mark.parametrize("text", ["山田", "太郎", "ヤマダ", "やまだ", "yamada 太郎"])
async def test_found_in_japanese(tx: Transaction, text: str) -> None:
    taro = await a_patient(
        tx, name("Yamada", "Tarou"), name("山田", "太郎"), name("やまだ", "たろう"), mrn="7"
    )
    found = await search(tx, user(), text)
    assert [card.patient_reference for card in found] == [taro.patient_reference]


@pytest.mark.parametrize("text", ["محمد", "مُحَمَّد", "الله"])
async def test_found_in_arabic(tx: Transaction, text: str) -> None:
    await a_patient(tx, name("عبد الله", "محمد"), mrn="8")
    assert len(await search(tx, user(), text)) == 1


async def test_without_words_the_latest(tx: Transaction) -> None:
    await a_patient(tx, mrn="1")
    assert len(await search(tx, user(), "", limit=1)) == 1


async def test_a_restricted_patient_is_not_found(tx: Transaction) -> None:
    ada = await a_patient(tx, mrn="4711")
    await access.restrict(tx, access.SYSTEM, ada.patient_reference, True)
    assert await search(tx, user(), "lovelace") == []
    assert len(await search(tx, user(sees_restricted=True), "lovelace")) == 1


async def test_a_patient_finds_only_themselves(tx: Transaction) -> None:
    ada = await a_patient(tx, mrn="4711")
    await a_patient(tx, name("Lovelace", "Byron"), mrn="2")
    herself = user(sees_all_patients=False, own_patients=frozenset({ada.patient_reference}))
    assert [card.mrn for card in await search(tx, herself, "lovelace")] == ["4711"]


async def test_who_may_not_read_patients_is_refused(tx: Transaction) -> None:
    with pytest.raises(Forbidden):
        await search(tx, user(permissions=frozenset()), "ada")
    with pytest.raises(Unauthenticated):
        await search(tx, None, "ada")


def test_a_date_that_is_none_is_a_word() -> None:
    assert possible_days("31.02.1980") == []
    assert possible_days("4711") == []
