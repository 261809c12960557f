"""Tables of studies: whose images they are, which order they answer, and what waits for a human.

What a study holds is the archive's to say; these rows add the patient, the order and the state,
and repeat the few facts that lists sort and filter by.
"""

from alembic import op

from vesalius.migrations import run

revision = "0009"
down_revision = "0008"

SQL = """
CREATE TABLE imaging_study (
    study_instance_uid text PRIMARY KEY,
    -- The FHIR logical id, made of the UID.
    id text NOT NULL UNIQUE,
    patient_reference text,
    order_reference text,
    state text NOT NULL CHECK (state IN ('arriving', 'complete')),
    arrived timestamptz NOT NULL,
    completed timestamptz,
    -- Why the study has no patient yet, one word; NULL when it has one.
    waiting text CHECK ((waiting IS NULL) = (patient_reference IS NOT NULL)),
    -- The patient as the images name them: PatientID, issuer, PatientName, …
    identity jsonb NOT NULL,
    modalities text[] NOT NULL DEFAULT '{}',
    body_part text,
    description text,
    study_date text,
    study_time text,
    accession_number text,
    series_count integer NOT NULL DEFAULT 0,
    instance_count integer NOT NULL DEFAULT 0,
    -- When these counts were taken.
    counted timestamptz
);
-- Arriving studies are few and looked at all the time; so are those that wait.
CREATE INDEX imaging_study_arriving ON imaging_study (arrived) WHERE state = 'arriving';
CREATE INDEX imaging_study_waiting ON imaging_study (arrived DESC) WHERE waiting IS NOT NULL;
CREATE INDEX imaging_study_waiting_number ON imaging_study ((identity ->> 'PatientID'))
    WHERE waiting IS NOT NULL;
CREATE INDEX imaging_study_patient ON imaging_study (patient_reference, study_date DESC)
    WHERE patient_reference IS NOT NULL;
CREATE INDEX imaging_study_order ON imaging_study (order_reference)
    WHERE order_reference IS NOT NULL;

-- Every time a study got, lost or changed its patient by hand; nothing is deleted here.
CREATE TABLE study_attachment (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    study_instance_uid text NOT NULL REFERENCES imaging_study ON DELETE CASCADE,
    before_patient text,
    before_waiting text,
    before_order text,
    after_patient text,
    done_by text NOT NULL,
    done_at timestamptz NOT NULL,
    reason text NOT NULL,
    undone boolean NOT NULL DEFAULT false
);
CREATE INDEX study_attachment_study ON study_attachment (study_instance_uid, id DESC);
"""


def upgrade() -> None:
    run(op.get_bind(), SQL)
