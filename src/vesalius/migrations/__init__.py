"""The schema, step by step; `python -m vesalius.migrations` brings a database up to date."""

from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql


def run(bind: Any, text: str) -> None:
    """Execute SQL text as it stands (several statements, `%` and all) on Alembic's connection."""
    bind.connection.driver_connection.execute(text)


def is_current(url: str, schema: str) -> bool:
    """Whether the newest migration is the last one run: then Alembic need not be loaded."""
    newest = max(file.name for file in (Path(__file__).parent / "versions").glob("*.py"))
    query = sql.SQL("SELECT version_num FROM {}.alembic_version").format(sql.Identifier(schema))
    try:
        with psycopg.connect(url) as connection:
            row = connection.execute(query).fetchone()
    except (psycopg.errors.UndefinedTable, psycopg.errors.InvalidSchemaName):
        return False
    return row is not None and row[0] == newest.split("_")[0]
