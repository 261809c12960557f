"""Tables of patient identity: what lists, searches and matching need of a Patient resource.

The FHIR Patient in the record is the truth; these rows are its working copy, written in the
transaction that registers a patient and otherwise when the record tells of the change.
"""

from alembic import op

from vesalius.migrations import run

revision = "0006"
down_revision = "0005"

SQL = """
CREATE SEQUENCE medical_record_number START 100001;

CREATE TABLE patient_card (
    patient_reference text PRIMARY KEY,
    version bigint NOT NULL,
    active boolean NOT NULL,
    names jsonb NOT NULL,
    display text NOT NULL,
    mrn text,
    mrn_system text,
    mrn_assigner text,
    birth_date text,
    gender text,
    deceased boolean NOT NULL,
    changed timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX patient_card_birth_date ON patient_card (birth_date);
CREATE INDEX patient_card_changed ON patient_card (changed DESC);

CREATE TABLE patient_identifier (
    system text NOT NULL,
    value text NOT NULL,
    patient_reference text NOT NULL REFERENCES patient_card ON DELETE CASCADE,
    assigner text,
    PRIMARY KEY (system, value, patient_reference)
);
CREATE INDEX patient_identifier_value ON patient_identifier (value);
CREATE INDEX patient_identifier_patient ON patient_identifier (patient_reference);

-- Folded words of names and identifiers; a search word is a prefix of one of them. Collation C,
-- so that LIKE 'word%' is an index range whatever the database's locale.
CREATE TABLE patient_token (
    token text COLLATE "C" NOT NULL,
    patient_reference text NOT NULL REFERENCES patient_card ON DELETE CASCADE,
    PRIMARY KEY (token, patient_reference)
);
CREATE INDEX patient_token_patient ON patient_token (patient_reference);
"""


def upgrade() -> None:
    run(op.get_bind(), SQL)
