"""Tables of reports: drafts, which nobody but readers sees, and what was signed of them."""

from alembic import op

from vesalius.migrations import run

revision = "0011"
down_revision = "0010"

SQL = """
CREATE TABLE report_draft (
    study_instance_uid text PRIMARY KEY,
    template text NOT NULL,
    language text NOT NULL,
    sections jsonb NOT NULL,
    conclusion text NOT NULL,
    critical boolean NOT NULL,
    follow_up text NOT NULL,
    revision integer NOT NULL,
    author text NOT NULL,
    author_display text NOT NULL,
    changed timestamptz NOT NULL
);

CREATE TABLE signed_report (
    study_instance_uid text PRIMARY KEY,
    report_reference text NOT NULL UNIQUE,
    patient_reference text NOT NULL,
    order_reference text,
    status text NOT NULL CHECK (status IN ('preliminary', 'final', 'amended', 'appended')),
    template text NOT NULL,
    language text NOT NULL,
    sections jsonb NOT NULL,
    conclusion text NOT NULL,
    critical boolean NOT NULL,
    follow_up text NOT NULL,
    addenda jsonb NOT NULL DEFAULT '[]',
    signed_by text NOT NULL,
    signed_display text NOT NULL,
    signed_practitioner text,
    signed_at timestamptz NOT NULL,
    pdf_key text NOT NULL,
    pdf_size integer NOT NULL,
    pdf_sha1 bytea NOT NULL
);
CREATE INDEX signed_report_patient ON signed_report (patient_reference, signed_at DESC);

-- Every signature as it was, with its PDF: a later one never overwrites an earlier one.
CREATE TABLE report_signature (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    study_instance_uid text NOT NULL,
    report_reference text NOT NULL,
    patient_reference text NOT NULL,
    status text NOT NULL,
    signed_by text NOT NULL,
    signed_at timestamptz NOT NULL,
    content jsonb NOT NULL,
    pdf_key text NOT NULL
);
CREATE INDEX report_signature_study ON report_signature (study_instance_uid, id DESC);
"""


def upgrade() -> None:
    run(op.get_bind(), SQL)
