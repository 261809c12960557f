"""Tables of audit: the trail, the blocks that chain it, the checkpoints that were signed."""

from alembic import op

from vesalius.migrations import run

revision = "0002"
down_revision = "0001"

SQL = """
CREATE TABLE audit_event (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    -- The transaction that wrote the row: once every transaction below a number has ended, the
    -- rows below it are final and can be chained without making anybody wait.
    transaction_number bigint NOT NULL DEFAULT (pg_current_xact_id()::text::bigint),
    occurred timestamptz NOT NULL DEFAULT clock_timestamp(),
    action char(1) NOT NULL CHECK (action IN ('C', 'R', 'U', 'D', 'E')),
    kind text NOT NULL,
    outcome text NOT NULL,
    principal_kind text NOT NULL,
    principal_name text NOT NULL,
    roles text[] NOT NULL,
    address text,
    patient_reference text,
    reference text,
    purpose text,
    detail jsonb
);
COMMENT ON TABLE audit_event IS 'Every act, reads included; append only.';

-- Every index is paid by every act of the house, so: one for the question patients ask (who
-- looked?), one in the order of sealing, which only grows at its right end, and block ranges, which
-- cost an insert nothing, for time.
CREATE INDEX audit_event_patient ON audit_event (patient_reference, id)
    WHERE patient_reference IS NOT NULL;
CREATE INDEX audit_event_occurred ON audit_event
    USING brin (occurred) WITH (pages_per_range = 16, autosummarize = on);
CREATE INDEX audit_event_order ON audit_event (transaction_number, id);

CREATE FUNCTION refuse_audit_change() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
    RAISE EXCEPTION 'the audit trail is append only';
END
$body$;
-- A brake against accidents; against intent there are the chain and the checkpoints.
CREATE TRIGGER audit_event_append_only BEFORE UPDATE OR DELETE ON audit_event
    FOR EACH ROW EXECUTE FUNCTION refuse_audit_change();

CREATE TABLE audit_block (
    number bigint PRIMARY KEY,
    sealed timestamptz NOT NULL DEFAULT clock_timestamp(),
    previous_hash bytea NOT NULL,
    hash bytea NOT NULL,
    event_ids bigint[] NOT NULL,
    -- SHA-256 of each event, in the order of event_ids, so that a broken chain names the event.
    leaves bytea NOT NULL,
    -- Transaction numbers start again in another cluster (a restored dump): then the sealer
    -- sweeps once, and counts on from the highest event id it found.
    cluster text NOT NULL,
    floor_id bigint NOT NULL,
    through_transaction bigint NOT NULL,
    through_id bigint NOT NULL
);

CREATE TABLE audit_checkpoint (
    block bigint NOT NULL,
    hash bytea NOT NULL,
    signed timestamptz NOT NULL,
    key_id text NOT NULL,
    signature bytea NOT NULL,
    PRIMARY KEY (block, key_id)
);
"""


def upgrade() -> None:
    run(op.get_bind(), SQL)
