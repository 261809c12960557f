"""Tables of access: roles, users and their sessions and tokens, nodes, restricted patients."""

from alembic import op

from vesalius.migrations import run

revision = "0003"
down_revision = "0002"

SQL = """
CREATE TABLE role (
    name text PRIMARY KEY,
    display text NOT NULL,
    permissions jsonb NOT NULL CHECK (jsonb_typeof(permissions) = 'array')
);

-- A new name for each state of `role`, so that processes know when what they remember is stale.
CREATE TABLE role_revision (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    revision uuid NOT NULL DEFAULT gen_random_uuid()
);
INSERT INTO role_revision DEFAULT VALUES;
CREATE FUNCTION note_role_change() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
    UPDATE role_revision SET revision = gen_random_uuid();
    RETURN NULL;
END
$body$;
CREATE TRIGGER role_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON role
    FOR EACH STATEMENT EXECUTE FUNCTION note_role_change();

CREATE TABLE user_account (
    username text PRIMARY KEY CHECK (username = lower(username)),
    display text NOT NULL,
    roles text[] NOT NULL,
    active boolean NOT NULL DEFAULT true,
    password_hash text,
    language text NOT NULL DEFAULT 'en',
    practitioner_reference text,
    patient_reference text,
    created timestamptz NOT NULL,
    changed timestamptz NOT NULL,
    password_changed timestamptz
);

CREATE TABLE login_session (
    token_hash bytea PRIMARY KEY,
    username text NOT NULL REFERENCES user_account ON DELETE CASCADE,
    created timestamptz NOT NULL,
    last_used timestamptz NOT NULL,
    expires timestamptz NOT NULL,
    address text
);
CREATE INDEX login_session_username ON login_session (username);

CREATE TABLE bearer_token (
    token_hash bytea PRIMARY KEY,
    id text NOT NULL UNIQUE,
    username text NOT NULL REFERENCES user_account ON DELETE CASCADE,
    name text NOT NULL,
    created timestamptz NOT NULL,
    expires timestamptz NOT NULL
);
CREATE INDEX bearer_token_username ON bearer_token (username);

CREATE TABLE setup_token (
    token_hash bytea PRIMARY KEY,
    created timestamptz NOT NULL,
    expires timestamptz NOT NULL
);

CREATE TABLE login_failure (
    subject text PRIMARY KEY,
    failures integer NOT NULL,
    since timestamptz NOT NULL
);
CREATE INDEX login_failure_since ON login_failure (since);

CREATE TABLE node (
    ae_title text PRIMARY KEY,
    host text NOT NULL,
    port integer NOT NULL CHECK (port BETWEEN 1 AND 65535),
    may text[] NOT NULL,
    roles text[] NOT NULL DEFAULT '{node}',
    address_range text,
    description text NOT NULL DEFAULT '',
    changed timestamptz NOT NULL
);

CREATE TABLE refused_association (
    ae_title text NOT NULL,
    address text NOT NULL,
    first_seen timestamptz NOT NULL,
    last_seen timestamptz NOT NULL,
    attempts bigint NOT NULL,
    PRIMARY KEY (ae_title, address)
);
CREATE INDEX refused_association_last_seen ON refused_association (last_seen);

CREATE TABLE restricted_patient (
    patient_reference text PRIMARY KEY,
    since timestamptz NOT NULL,
    restricted_by text NOT NULL
);

CREATE TABLE access_grant (
    principal_kind text NOT NULL,
    principal_name text NOT NULL,
    patient_reference text NOT NULL,
    granted timestamptz NOT NULL,
    granted_by text NOT NULL,
    expires timestamptz,
    PRIMARY KEY (principal_kind, principal_name, patient_reference)
);

-- `patient.any` is what makes a role one of the staff: without it only one's own record is seen.
-- Processes remember principals for a moment (stores/access/remembering.py) and are told here.
CREATE FUNCTION tell_access_changed() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
    PERFORM pg_notify('access', '');
    RETURN NULL;
END
$body$;
CREATE TRIGGER user_account_changed AFTER UPDATE OR DELETE ON user_account
    FOR EACH STATEMENT EXECUTE FUNCTION tell_access_changed();
CREATE TRIGGER role_told AFTER INSERT OR UPDATE OR DELETE ON role
    FOR EACH STATEMENT EXECUTE FUNCTION tell_access_changed();
CREATE TRIGGER bearer_token_changed AFTER UPDATE OR DELETE ON bearer_token
    FOR EACH STATEMENT EXECUTE FUNCTION tell_access_changed();
CREATE TRIGGER login_session_ended AFTER DELETE ON login_session
    FOR EACH STATEMENT EXECUTE FUNCTION tell_access_changed();
CREATE TRIGGER restriction_changed AFTER INSERT OR UPDATE OR DELETE ON restricted_patient
    FOR EACH STATEMENT EXECUTE FUNCTION tell_access_changed();
CREATE TRIGGER access_grant_changed AFTER INSERT OR UPDATE OR DELETE ON access_grant
    FOR EACH STATEMENT EXECUTE FUNCTION tell_access_changed();

INSERT INTO role (name, display, permissions) VALUES
('administrator', 'Administrator', '["patient.any", "user.manage", "node.read", "node.manage",
    "audit.read", "system.manage", "patient.restrict", "patient.merge", "record.read:*",
    "record.write:*", "study.read", "study.store", "study.correct", "worklist.read",
    "reading.read"]'),
('radiologist', 'Radiologist', '["patient.any", "record.read:*", "record.write:*", "study.read",
    "study.store", "order.place", "worklist.read", "reading.read", "reading.claim",
    "report.write", "report.sign"]'),
('cardiologist', 'Cardiologist', '["patient.any", "record.read:*", "record.write:*", "study.read",
    "study.store", "order.place", "worklist.read", "reading.read", "reading.claim",
    "report.write", "report.sign", "patient.restrict"]'),
('physician', 'Physician', '["patient.any", "record.read:*", "record.write:*", "study.read",
    "order.place", "worklist.read", "reading.read", "patient.restrict"]'),
('nurse', 'Nurse', '["patient.any", "record.read:*", "record.write:*", "study.read",
    "worklist.read"]'),
('technologist', 'Technologist', '["patient.any", "record.read:*", "record.write:Patient",
    "record.write:ServiceRequest", "record.write:Observation", "study.read", "study.store",
    "study.correct", "order.place", "worklist.read", "worklist.report", "reading.read",
    "node.read"]'),
('front_desk', 'Front desk', '["patient.any", "record.read:Patient", "record.read:RelatedPerson",
    "record.read:Coverage", "record.read:Account", "record.read:Appointment",
    "record.read:AppointmentResponse", "record.read:Schedule", "record.read:Slot",
    "record.read:Encounter", "record.read:EpisodeOfCare", "record.read:ServiceRequest",
    "record.read:Task", "record.read:Practitioner", "record.read:PractitionerRole",
    "record.read:Organization", "record.read:Location", "record.read:HealthcareService",
    "record.write:Patient", "record.write:RelatedPerson", "record.write:Coverage",
    "record.write:Account", "record.write:Appointment", "record.write:AppointmentResponse",
    "record.write:Schedule", "record.write:Slot", "record.write:Encounter",
    "record.write:ServiceRequest", "order.place", "worklist.read"]'),
('integrator', 'Integrator', '["patient.any", "record.read:*", "record.write:*", "study.read",
    "study.store", "order.place", "worklist.read", "worklist.report", "node.read"]'),
('patient', 'Patient', '["record.read:*", "study.read"]'),
('node', 'Node', '["patient.any"]');
"""


def upgrade() -> None:
    run(op.get_bind(), SQL)
