"""Tables of the reading list: one row a study to be read, and who reads it."""

from alembic import op

from vesalius.migrations import run

revision = "0010"
down_revision = "0009"

SQL = """
CREATE TABLE reading_item (
    study_instance_uid text PRIMARY KEY,
    patient_reference text,
    order_reference text,
    accession_number text,
    -- The modality a reader thinks of: the first that is an image or waveform.
    modality text NOT NULL,
    body_part text,
    description text NOT NULL,
    study_date text,
    arrived timestamptz NOT NULL,
    -- 0 stat, 1 asap, 2 urgent, 3 routine
    priority smallint NOT NULL,
    has_draft boolean NOT NULL DEFAULT false,
    claimed_by text,
    claimed_display text,
    claimed_at timestamptz,
    signed_at timestamptz
);
-- The list proper: what is not signed yet, most urgent first, then longest waiting. Each filter
-- a reader lives in has its index in that order, so that a page is read off it at any size.
CREATE INDEX reading_item_open ON reading_item (priority, arrived, study_instance_uid)
    WHERE signed_at IS NULL;
CREATE INDEX reading_item_open_modality
    ON reading_item (modality, priority, arrived, study_instance_uid) WHERE signed_at IS NULL;
CREATE INDEX reading_item_mine ON reading_item (claimed_by, priority, arrived)
    WHERE claimed_by IS NOT NULL AND signed_at IS NULL;
CREATE INDEX reading_item_signed ON reading_item (signed_at DESC) WHERE signed_at IS NOT NULL;
CREATE INDEX reading_item_patient ON reading_item (patient_reference)
    WHERE patient_reference IS NOT NULL;
CREATE INDEX reading_item_order ON reading_item (order_reference)
    WHERE order_reference IS NOT NULL;
CREATE INDEX reading_item_accession ON reading_item (accession_number text_pattern_ops);
"""


def upgrade() -> None:
    run(op.get_bind(), SQL)
