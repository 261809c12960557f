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
    critical text NOT NULL,
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
    critical text NOT NULL,
    follow_up text NOT NULL,
    addenda jsonb NOT NULL DEFAULT '[]',
    signed_by text NOT NULL,
    signed_display text NOT NULL,
    signed_practitioner text,
    signed_at timestamptz NOT NULL
);
CREATE INDEX signed_report_patient ON signed_report (patient_reference, signed_at DESC);
"""


def upgrade() -> None:
    run(op.get_bind(), SQL)
