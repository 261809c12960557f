"""One box: a name in any script, a number, a birth date, or several of these."""

import re
from contextlib import suppress
from datetime import date

from vesalius.care.patients.cards import COLUMNS, Card
from vesalius.care.patients.names import tokens
from vesalius.kit.database import Predicate, every
from vesalius.kit.transaction import Transaction
from vesalius.stores import audit
from vesalius.stores.access import Principal, patient_predicate, require

MAX_WORDS = 8
CANDIDATES = 5000


async def search(
    tx: Transaction, principal: Principal | None, text: str, *, limit: int = 50
) -> list[Card]:
    """Patients that the asker may see and that every word of `text` fits.

    A word fits as the beginning of a name, accents and case ignored, as the beginning of an
    identifier, or as a birth date. Without words: the patients who changed last.
    """
    principal = require(principal, "record.read:Patient")
    words, dates = words_and_dates(text)
    visible = patient_predicate(principal, "card.patient_reference")
    most = CANDIDATES if len(words) == 1 and not dates else None
    fitting = (_fits(word, most) for word in words)
    where = every([visible, *fitting, *(_born(days) for days in dates)])
    order = "card.display, card.patient_reference" if words or dates else "card.changed DESC"
    rows = await tx.fetch_all(
        f"SELECT {COLUMNS} FROM patient_card card WHERE {where.sql} ORDER BY {order} LIMIT %s",
        (*where.params, max(1, min(limit, tx.settings.page_count))),
    )
    await audit.record(
        tx, principal, "E", audit.kinds.QUERY, detail={"of": "Patient", "found": len(rows)}
    )
    return [Card(**row) for row in rows]


def words_and_dates(text: str) -> tuple[list[str], list[list[str]]]:
    """The folded words of a query, and for each date in it the days it may mean."""
    words: list[str] = []
    dates: list[list[str]] = []
    for piece in text.split()[:MAX_WORDS]:
        if days := possible_days(piece):
            dates.append(days)
        else:
            words += tokens(piece)
    return words[:MAX_WORDS], dates


_YEAR_FIRST = re.compile(
    r"(?P<year>\d{4})[-./年](?P<month>\d{1,2})[-./月](?P<day>\d{1,2})日?"
    r"|(?P<y>(?:19|20)\d\d)(?P<m>\d\d)(?P<d>\d\d)"
)
_YEAR_LAST = re.compile(r"(\d{1,2})([-./])(\d{1,2})\2(\d{4})")


def possible_days(piece: str) -> list[str]:
    """The days a written date may mean: 1980-05-01, 19800501, 1.5.1980; 5/1/1980 means two."""
    orders: list[tuple[str, str, str]] = []
    if match := _YEAR_FIRST.fullmatch(piece):
        year, month, day = (part for part in match.groups() if part)
        orders = [(year, month, day)]
    elif match := _YEAR_LAST.fullmatch(piece):
        first, separator, second, year = match.groups()
        orders = [(year, second, first)]
        if separator in "/-":
            orders.append((year, first, second))
    days = []
    for year, month, day in orders:
        with suppress(ValueError):
            days.append(date(int(year), int(month), int(day)).isoformat())
    return list(dict.fromkeys(days))


def _fits(word: str, most: int | None) -> Predicate:
    """Who has a name or number that begins so; of a lone word only the first so many by word,
    for one letter fits a good part of all patients and nobody reads on."""
    pattern = re.sub(r"([\\%_])", r"\\\1", word) + "%"
    limit = "" if most is None else f" ORDER BY token LIMIT {most}"
    return Predicate(
        "card.patient_reference IN"
        f" (SELECT patient_reference FROM patient_token WHERE token LIKE %s{limit})",
        (pattern,),
    )


def _born(days: list[str]) -> Predicate:
    # An eight-digit number may be somebody's identifier as well as a birth date.
    digits = [day.replace("-", "") for day in days]
    return Predicate(
        "card.birth_date = ANY(%s) OR card.patient_reference IN"
        " (SELECT patient_reference FROM patient_token WHERE token = ANY(%s))",
        (days, digits),
    )
