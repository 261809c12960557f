"""What the kit needs: extensions, the outbox, procrastinate's jobs."""

from alembic import op
from procrastinate.schema import SchemaManager

from vesalius.migrations import run

revision = "0001"
down_revision = None

SQL = """
CREATE EXTENSION IF NOT EXISTS pg_trgm SCHEMA public;
CREATE EXTENSION IF NOT EXISTS unaccent SCHEMA public;
CREATE EXTENSION IF NOT EXISTS btree_gin SCHEMA public;

-- unaccent() is only STABLE because its dictionary may change; ours does not, and an index
-- needs IMMUTABLE.
CREATE FUNCTION plain_text(value text) RETURNS text
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN lower(public.unaccent('public.unaccent'::regdictionary, value));

CREATE TABLE outbox (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL,
    payload jsonb NOT NULL,
    handler text,
    tries smallint NOT NULL DEFAULT 0,
    due timestamptz NOT NULL DEFAULT now(),
    parked boolean NOT NULL DEFAULT false
);
CREATE INDEX outbox_parked ON outbox (id) WHERE parked;
"""


def upgrade() -> None:
    run(op.get_bind(), SQL)
    run(op.get_bind(), SchemaManager.get_schema())
