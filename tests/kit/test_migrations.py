"""The schema: brought up to date under a lock, and never touched when it is newer than we are."""

import os
import subprocess
import sys
import uuid

import psycopg

from vesalius.kit.database.embedded import EmbeddedPostgres


def _migrate(url: str, schema: str = "public") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "vesalius.migrations"],
        env={**os.environ, "VESALIUS_DATABASE_URL": url, "VESALIUS_DATABASE_SCHEMA": schema},
        capture_output=True,
        text=True,
        check=False,
    )


def test_newer_schema_is_refused_with_a_sentence(database_url: str) -> None:
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    done = _migrate(database_url)
    assert done.returncode == 3
    assert "newer Vesalius" in done.stderr
    assert "Traceback" not in done.stderr


def test_two_at_once_and_once_more(postgres: EmbeddedPostgres) -> None:
    url = postgres.create_database(f"test_{uuid.uuid4().hex}")
    first, second = (
        subprocess.Popen(
            [sys.executable, "-m", "vesalius.migrations"],
            env={**os.environ, "VESALIUS_DATABASE_URL": url},
        )
        for _ in range(2)
    )
    assert (first.wait(), second.wait()) == (0, 0)
    assert _migrate(url).returncode == 0


def test_a_tenant_has_a_schema_of_its_own(database_url: str) -> None:
    assert _migrate(database_url, "clinic_b").returncode == 0
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("INSERT INTO public.outbox (name, payload) VALUES ('x', '{}')")
        row = connection.execute("SELECT count(*) FROM clinic_b.outbox").fetchone()
    assert row == (0,)
