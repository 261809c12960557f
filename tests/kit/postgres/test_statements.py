"""Places for values in SQL."""

import pytest
from psycopg import ProgrammingError

from vesalius.kit.postgres.statements import statement


def test_values_in_order() -> None:
    made = statement("SELECT %s, %s::text LIKE 'a%%', %b")
    assert made.query == b"SELECT $1, $2::text LIKE 'a%', $3"
    assert made.values((1, 2, 3)) == (1, 2, 3)


def test_values_by_name_are_sent_once() -> None:
    made = statement("SELECT %(a)s, %(b)s, %(a)s")
    assert made.query == b"SELECT $1, $2, $1"
    assert made.values({"b": 2, "a": 1}) == [1, 2]


@pytest.mark.parametrize("sql", ["SELECT %d", "SELECT 1 %", "SELECT %s, %(a)s", "SELECT %(a)%"])
def test_what_is_no_place_is_refused(sql: str) -> None:
    with pytest.raises(ProgrammingError):
        statement(sql)


@pytest.mark.parametrize("params", [(), (1, 2, 3), {"a": 1}])
def test_values_must_fit(params: object) -> None:
    with pytest.raises(ProgrammingError):
        statement("SELECT %s, %s").values(params)  # type: ignore[arg-type]
