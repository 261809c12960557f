"""The schema, step by step; `python -m vesalius.migrations` brings a database up to date."""

from typing import Any


def run(bind: Any, sql: str) -> None:
    """Execute SQL text as it stands (several statements, `%` and all) on Alembic's connection."""
    bind.connection.driver_connection.execute(sql)
