"""Bring the database of VESALIUS_DATABASE_URL to this version's schema, under a lock.

Run in a process of its own so that the long-lived ones need neither Alembic nor SQLAlchemy.
Exits 0 when the schema is current, 3 with a sentence when the database is newer than this
program.
"""

import os
import re
import sys
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, pool, text

# Any number, as long as all versions of the program agree on it.
LOCK = 7_241_543


def migrate(url: str, schema: str = "public") -> None:
    """Run the missing migrations in one transaction. Raises SystemExit(3) on a newer schema."""
    if not re.fullmatch(r"[a-z_][a-z0-9_]*", schema):
        raise SystemExit(f"{schema!r} is not a schema name")
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    scripts = ScriptDirectory.from_config(config)
    engine = create_engine(
        re.sub(r"^postgres(ql)?:", "postgresql+psycopg:", url), poolclass=pool.NullPool
    )
    with engine.begin() as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
        connection.execute(text(f'CREATE SCHEMA IF NOT EXISTS "{schema}"'))
        connection.execute(text(f'SET LOCAL search_path = "{schema}", public'))
        options = {"version_table_schema": schema}
        current = MigrationContext.configure(connection, opts=options).get_current_revision()
        known = {script.revision for script in scripts.walk_revisions()}
        if current is not None and current not in known:
            print(
                f"The database is of a newer Vesalius (schema {current}); "
                "install that version or restore a backup.",
                file=sys.stderr,
            )
            raise SystemExit(3)
        config.attributes.update(connection=connection, schema=schema)
        command.upgrade(config, "head")


if __name__ == "__main__":
    migrate(
        os.environ["VESALIUS_DATABASE_URL"], os.environ.get("VESALIUS_DATABASE_SCHEMA", "public")
    )
