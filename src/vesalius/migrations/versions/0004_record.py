"""Tables of record: resources as they are, as they were, and what searches find them by.

Searches never read a body. `key` is the hash of `Type/id`, so a reference is the key of what it
points at, whether that exists yet or not; `number` grows with time and is what index rows name.
Index rows carry the patient's key (0: of no patient, 1: of several), so that the searches of a
chart, one patient and one code, read only rows they answer with.
"""

from alembic import op

from vesalius.migrations import run

revision = "0004"
down_revision = "0003"

SQL = """
-- Processes take numbers in blocks of the increment.
CREATE SEQUENCE record_number INCREMENT BY 1000;

CREATE TABLE record_resource (
    number bigint PRIMARY KEY,
    key bigint NOT NULL UNIQUE,
    resource_type text NOT NULL,
    id text NOT NULL,
    version integer NOT NULL,
    last_updated timestamptz NOT NULL,
    deleted boolean NOT NULL DEFAULT false,
    -- The body is composed on read from another room's rows.
    projected boolean NOT NULL DEFAULT false,
    patient_reference text,
    -- More patients, when it is part of several records: all must be visible.
    other_patients text[],
    body bytea,
    tokens bigint[] NOT NULL DEFAULT '{}',
    present integer[] NOT NULL DEFAULT '{}',
    -- Of the references, strings, dates and quantities, so that an update rewrites what changed.
    digests bigint[] NOT NULL DEFAULT '{}'
);
CREATE INDEX record_resource_type ON record_resource (resource_type, number) WHERE NOT deleted;
CREATE INDEX record_resource_updated ON record_resource (resource_type, last_updated, number);
CREATE INDEX record_resource_patient ON record_resource (patient_reference, resource_type, number)
    WHERE patient_reference IS NOT NULL;

CREATE TABLE record_history (
    key bigint NOT NULL,
    version integer NOT NULL,
    resource_type text NOT NULL,
    id text NOT NULL,
    last_updated timestamptz NOT NULL,
    deleted boolean NOT NULL,
    patient_reference text,
    other_patients text[],
    body bytea,
    PRIMARY KEY (key, version)
);
CREATE INDEX record_history_updated ON record_history (resource_type, last_updated);

CREATE TABLE record_token (
    hash bigint NOT NULL,
    resource bigint NOT NULL,
    patient bigint NOT NULL,
    PRIMARY KEY (hash, resource)
);
CREATE INDEX record_token_patient ON record_token (patient, hash, resource) WHERE patient <> 0;

CREATE TABLE record_reference (
    target bigint NOT NULL,
    resource bigint NOT NULL,
    parameter integer NOT NULL
);
CREATE INDEX record_reference_target ON record_reference (target, parameter, resource);
CREATE INDEX record_reference_resource ON record_reference (resource, parameter, target);

CREATE TABLE record_string (
    parameter integer NOT NULL,
    resource bigint NOT NULL,
    value text NOT NULL,
    exact text NOT NULL
);
CREATE INDEX record_string_prefix ON record_string (parameter, value text_pattern_ops, resource);
CREATE INDEX record_string_part ON record_string USING gin (parameter, value gin_trgm_ops);
CREATE INDEX record_string_resource ON record_string (resource, parameter);

-- Microseconds since 1970; both ends belong to it.
CREATE TABLE record_date (
    resource bigint NOT NULL,
    patient bigint NOT NULL,
    lowest bigint NOT NULL,
    highest bigint NOT NULL,
    parameter integer NOT NULL
);
CREATE INDEX record_date_lowest ON record_date (parameter, lowest, resource);
CREATE INDEX record_date_highest ON record_date (parameter, highest, resource);
CREATE INDEX record_date_patient ON record_date (patient, parameter, lowest, resource)
    WHERE patient <> 0;
CREATE INDEX record_date_resource ON record_date (resource, parameter);

CREATE TABLE record_quantity (
    resource bigint NOT NULL,
    parameter integer NOT NULL,
    lowest numeric NOT NULL,
    highest numeric NOT NULL,
    system text NOT NULL,
    code text NOT NULL,
    unit text NOT NULL
);
CREATE INDEX record_quantity_lowest ON record_quantity (parameter, lowest, resource);
CREATE INDEX record_quantity_resource ON record_quantity (resource, parameter);
"""


def upgrade() -> None:
    run(op.get_bind(), SQL)
