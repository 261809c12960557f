"""Tables of routing: the rules, and which study was given to which node by which of them."""

from alembic import op

from vesalius.migrations import run

revision = "0012"
down_revision = "0011"

SQL = """
-- What is NULL is not asked. A rule may outlive its node: then nothing is sent.
CREATE TABLE routing_rule (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    ae_title text NOT NULL,
    modality text,
    calling_ae_title text,
    description text,
    body_part text,
    enabled boolean NOT NULL DEFAULT true,
    changed timestamptz NOT NULL
);

CREATE TABLE routed_study (
    study_instance_uid text NOT NULL,
    rule_id bigint NOT NULL REFERENCES routing_rule ON DELETE CASCADE,
    ae_title text NOT NULL,
    -- How much of the study there was; a study that grew afterwards is sent again.
    instance_count integer NOT NULL,
    routed timestamptz NOT NULL,
    PRIMARY KEY (study_instance_uid, rule_id, ae_title)
);
CREATE INDEX routed_study_rule ON routed_study (rule_id);
"""


def upgrade() -> None:
    run(op.get_bind(), SQL)
