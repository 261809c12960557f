"""Tables of the modality worklist: scheduled steps, and what modalities report of them."""

from alembic import op

from vesalius.migrations import run

revision = "0008"
down_revision = "0007"

SQL = """
CREATE SEQUENCE procedure_step_number START 1;

CREATE TABLE procedure_step (
    step_id text PRIMARY KEY,
    order_reference text NOT NULL UNIQUE,
    patient_reference text NOT NULL,
    accession_number text NOT NULL,
    study_instance_uid text NOT NULL UNIQUE,
    modality text NOT NULL,
    station_ae_title text,
    scheduled timestamptz NOT NULL,
    procedure_system text,
    procedure_code text,
    procedure_display text NOT NULL,
    laterality text,
    contrast boolean,
    transport text,
    priority text NOT NULL,
    indication text,
    requester text,
    status text NOT NULL
        CHECK (status IN ('SCHEDULED', 'IN PROGRESS', 'COMPLETED', 'DISCONTINUED', 'CANCELLED')),
    task_reference text,
    changed timestamptz NOT NULL
);
-- What modalities ask for all day: the open steps, by time.
CREATE INDEX procedure_step_open ON procedure_step (scheduled)
    WHERE status IN ('SCHEDULED', 'IN PROGRESS');
CREATE INDEX procedure_step_accession ON procedure_step (accession_number);
CREATE INDEX procedure_step_patient ON procedure_step (patient_reference);

CREATE TABLE performed_step (
    sop_instance_uid text PRIMARY KEY,
    status text NOT NULL CHECK (status IN ('IN PROGRESS', 'COMPLETED', 'DISCONTINUED')),
    reported_by text NOT NULL,
    started timestamptz NOT NULL,
    ended timestamptz,
    dataset jsonb NOT NULL
);

-- One performed step may answer several scheduled ones, and none (an unscheduled exam).
CREATE TABLE performed_for (
    sop_instance_uid text NOT NULL REFERENCES performed_step ON DELETE CASCADE,
    step_id text NOT NULL REFERENCES procedure_step ON DELETE CASCADE,
    PRIMARY KEY (sop_instance_uid, step_id)
);
CREATE INDEX performed_for_step ON performed_for (step_id);
"""


def upgrade() -> None:
    run(op.get_bind(), SQL)
