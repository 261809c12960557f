"""Tables of imaging orders: what worklist and reading need of a ServiceRequest, and accessions."""

from alembic import op

from vesalius.migrations import run

revision = "0007"
down_revision = "0006"

SQL = """
CREATE SEQUENCE accession_number START 1000001;

CREATE TABLE imaging_order (
    order_reference text PRIMARY KEY,
    version bigint NOT NULL,
    patient_reference text NOT NULL,
    accession_number text NOT NULL,
    procedure_system text,
    procedure_code text,
    procedure_display text NOT NULL,
    modality text,
    body_site text,
    laterality text,
    contrast boolean,
    transport text,
    priority text NOT NULL,
    status text NOT NULL,
    indication text,
    requester text,
    station text,
    scheduled timestamptz,
    placed timestamptz NOT NULL
);
-- Not unique: an accession from elsewhere may name several procedures of one request.
CREATE INDEX imaging_order_accession ON imaging_order (accession_number);
CREATE INDEX imaging_order_patient ON imaging_order (patient_reference, placed DESC);
CREATE INDEX imaging_order_open ON imaging_order (placed DESC)
    WHERE status IN ('draft', 'active', 'on-hold');
"""


def upgrade() -> None:
    run(op.get_bind(), SQL)
