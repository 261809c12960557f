"""Tables of archive: studies, series, instances, what was kept aside, and how one is received."""

from alembic import op

from vesalius.migrations import run

revision = "0005"
down_revision = "0004"

SQL = """
-- Texts of the standard compare byte by byte, whatever the database's locale.
CREATE TABLE study (
    study_key bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    study_instance_uid text COLLATE "C" NOT NULL UNIQUE,
    patient_reference text,
    mrn text COLLATE "C",
    mrn_issuer text COLLATE "C",
    -- All component groups without case and accents, between equals signs.
    patient_name text COLLATE "C",
    patient_birth_date text COLLATE "C",
    patient_sex text COLLATE "C",
    study_date text COLLATE "C",
    study_time text COLLATE "C",
    accession_number text COLLATE "C",
    referring_physician text COLLATE "C",
    modalities text[] NOT NULL DEFAULT '{}',
    -- Patient and study attributes that have a value, DICOM JSON model.
    attributes jsonb NOT NULL,
    first_stored timestamptz NOT NULL DEFAULT now(),
    -- Counts what changes rows that exist already; new instances show in the counts.
    revision int NOT NULL DEFAULT 0
);
COMMENT ON TABLE study IS 'DICOM studies; first values win, empty ones are filled in later.';
CREATE INDEX study_patient ON study (patient_reference) WHERE patient_reference IS NOT NULL;
CREATE INDEX study_mrn ON study (mrn);
CREATE INDEX study_accession_number ON study (accession_number)
    WHERE accession_number IS NOT NULL;
CREATE INDEX study_newest ON study (study_date DESC NULLS LAST, study_key DESC);
CREATE INDEX study_patient_name ON study USING gin (patient_name gin_trgm_ops);
CREATE INDEX study_modalities ON study USING gin (modalities);
CREATE INDEX study_unmatched ON study (study_key) WHERE patient_reference IS NULL;

-- What processes remember of who may see a study (stores/access/remembering.py) is stale then.
CREATE TRIGGER study_moved AFTER UPDATE OF patient_reference ON study FOR EACH ROW
    WHEN (OLD.patient_reference IS DISTINCT FROM NEW.patient_reference)
    EXECUTE FUNCTION tell_access_changed();
CREATE TRIGGER study_deleted AFTER DELETE ON study
    FOR EACH STATEMENT EXECUTE FUNCTION tell_access_changed();

CREATE TABLE series (
    series_key bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    study_key bigint NOT NULL REFERENCES study,
    series_instance_uid text COLLATE "C" NOT NULL UNIQUE,
    modality text COLLATE "C",
    series_number bigint,
    sop_classes text[] NOT NULL DEFAULT '{}',
    attributes jsonb NOT NULL,
    -- Counted up to the last folding; newer instances are in series_increment.
    instance_count bigint NOT NULL DEFAULT 0,
    byte_count bigint NOT NULL DEFAULT 0,
    first_stored timestamptz NOT NULL DEFAULT now(),
    last_stored timestamptz NOT NULL DEFAULT now(),
    revision int NOT NULL DEFAULT 0
);
CREATE INDEX series_study ON series (study_key, series_number);

-- Sixteen associations that store one study must not queue for its row: each adds a row here,
-- and a chore folds them into series now and then.
CREATE TABLE series_increment (
    series_key bigint NOT NULL,
    study_key bigint NOT NULL,
    byte_count bigint NOT NULL,
    stored timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX series_increment_study ON series_increment (study_key, series_key);

CREATE TABLE instance (
    instance_key bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    series_key bigint NOT NULL REFERENCES series,
    sop_instance_uid text COLLATE "C" NOT NULL UNIQUE,
    sop_class_uid text COLLATE "C" NOT NULL,
    transfer_syntax_uid text COLLATE "C" NOT NULL,
    instance_number bigint,
    attributes jsonb NOT NULL,
    blob_key text COLLATE "C" NOT NULL,
    size bigint NOT NULL,
    sha256 bytea NOT NULL,
    -- XXH3, compared on every read; the scrub compares the SHA-256.
    checksum bytea NOT NULL,
    dataset_digest bytea NOT NULL,
    dataset_offset int NOT NULL,
    pixel_vr text,
    frame_count int NOT NULL,
    frame_bits bigint NOT NULL,
    -- Records of offset, length, digest; see standards/dicom/pixel_data.py.
    segments bytea NOT NULL,
    frame_starts bytea,
    bulk jsonb,
    -- DICOM JSON, raw deflate, without a final block; see metadata_stream.py.
    metadata bytea NOT NULL,
    metadata_crc32 bigint NOT NULL,
    metadata_size bigint NOT NULL,
    source text NOT NULL,
    stored timestamptz NOT NULL DEFAULT now(),
    damage text
);
-- Both are compressed or digests already, and read by ranges.
ALTER TABLE instance ALTER metadata SET STORAGE EXTERNAL, ALTER segments SET STORAGE EXTERNAL;
CREATE INDEX instance_series ON instance (series_key, instance_number, instance_key);
-- For the sweeper and the scrub: is this blob named?
CREATE INDEX instance_blob ON instance USING hash (blob_key);
CREATE INDEX instance_damaged ON instance (instance_key) WHERE damage IS NOT NULL;

CREATE TABLE quarantined_instance (
    quarantine_key bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    sop_instance_uid text COLLATE "C" NOT NULL,
    series_instance_uid text COLLATE "C" NOT NULL,
    study_instance_uid text COLLATE "C" NOT NULL,
    reason text NOT NULL,
    blob_key text COLLATE "C" NOT NULL,
    size bigint NOT NULL,
    sha256 bytea NOT NULL,
    dataset_digest bytea NOT NULL,
    source text NOT NULL,
    received timestamptz NOT NULL DEFAULT now(),
    UNIQUE (sop_instance_uid, dataset_digest)
);
COMMENT ON TABLE quarantined_instance IS 'Received, durable, and contradicting what is stored.';
CREATE INDEX quarantined_instance_blob ON quarantined_instance USING hash (blob_key);

CREATE TYPE received_instance AS (
    outcome text,
    reason text,
    study_new boolean,
    series_new boolean,
    study_changed boolean,
    patient_reference text,
    attributes jsonb,
    quarantine_key bigint
);

-- One round trip for one instance. Rows are always taken in the order study, series, instance,
-- and an existing study or series is only written when something new is learned of it, so that
-- many associations may store into one study at once.
CREATE FUNCTION receive_instance(
    p_study_instance_uid text, p_series_instance_uid text, p_sop_instance_uid text,
    p_sop_class_uid text, p_transfer_syntax_uid text,
    p_study_attributes jsonb, p_series_attributes jsonb, p_instance_attributes jsonb,
    p_mrn text, p_mrn_issuer text, p_patient_name text, p_patient_birth_date text,
    p_patient_sex text, p_study_date text, p_study_time text, p_accession_number text,
    p_referring_physician text, p_modality text, p_series_number bigint,
    p_instance_number bigint,
    p_blob_key text, p_size bigint, p_sha256 bytea, p_checksum bytea,
    p_dataset_digest bytea,
    p_dataset_offset int, p_pixel_vr text, p_frame_count int, p_frame_bits bigint,
    p_segments bytea, p_frame_starts bytea, p_bulk jsonb,
    p_metadata bytea, p_metadata_crc32 bigint, p_metadata_size bigint, p_source text
) RETURNS received_instance LANGUAGE plpgsql AS $body$
DECLARE
    answer received_instance;
    old_study study%ROWTYPE;
    old_series_key bigint;
    old_series_study bigint;
    old_sop_classes text[];
    old_digest bytea;
    old_instance_series bigint;
    merged jsonb;
BEGIN
    answer.outcome := 'new';
    answer.study_new := false;
    answer.series_new := false;
    answer.study_changed := false;

    SELECT * INTO old_study FROM study WHERE study_instance_uid = p_study_instance_uid;
    IF NOT FOUND THEN
        INSERT INTO study (study_instance_uid, mrn, mrn_issuer, patient_name, patient_birth_date,
            patient_sex, study_date, study_time, accession_number, referring_physician,
            modalities, attributes)
        VALUES (p_study_instance_uid, p_mrn, p_mrn_issuer, p_patient_name, p_patient_birth_date,
            p_patient_sex, p_study_date, p_study_time, p_accession_number, p_referring_physician,
            CASE WHEN p_modality IS NULL THEN '{}' ELSE ARRAY[p_modality] END,
            p_study_attributes)
        ON CONFLICT (study_instance_uid) DO NOTHING
        RETURNING * INTO old_study;
        IF FOUND THEN
            answer.study_new := true;
            answer.study_changed := true;
        ELSE
            -- Another transaction inserted it and has committed since.
            SELECT * INTO STRICT old_study FROM study
                WHERE study_instance_uid = p_study_instance_uid;
        END IF;
    END IF;
    answer.patient_reference := old_study.patient_reference;

    -- A study of two patients: nobody may see the second one's images in the first one's chart.
    IF old_study.mrn <> p_mrn OR (old_study.mrn = p_mrn AND old_study.mrn_issuer <> p_mrn_issuer)
    THEN
        answer.reason := 'another patient''s study has this Study Instance UID';
    END IF;

    SELECT series_key, study_key, sop_classes
        INTO old_series_key, old_series_study, old_sop_classes
        FROM series WHERE series_instance_uid = p_series_instance_uid;
    IF NOT FOUND AND answer.reason IS NULL THEN
        INSERT INTO series (study_key, series_instance_uid, modality, series_number, sop_classes,
            attributes)
        VALUES (old_study.study_key, p_series_instance_uid, p_modality, p_series_number,
            ARRAY[p_sop_class_uid], p_series_attributes)
        ON CONFLICT (series_instance_uid) DO NOTHING
        RETURNING series_key, study_key, sop_classes
            INTO old_series_key, old_series_study, old_sop_classes;
        IF FOUND THEN
            answer.series_new := true;
            answer.study_changed := true;
        ELSE
            SELECT series_key, study_key, sop_classes
                INTO STRICT old_series_key, old_series_study, old_sop_classes
                FROM series WHERE series_instance_uid = p_series_instance_uid;
        END IF;
    END IF;
    IF answer.reason IS NULL AND old_series_study <> old_study.study_key THEN
        answer.reason := 'another study has this Series Instance UID';
    END IF;

    IF answer.reason IS NULL THEN
        INSERT INTO instance (series_key, sop_instance_uid, sop_class_uid, transfer_syntax_uid,
            instance_number, attributes, blob_key, size, sha256, checksum,
            dataset_digest, dataset_offset, pixel_vr, frame_count, frame_bits, segments,
            frame_starts, bulk, metadata, metadata_crc32, metadata_size, source)
        VALUES (old_series_key, p_sop_instance_uid, p_sop_class_uid, p_transfer_syntax_uid,
            p_instance_number, p_instance_attributes, p_blob_key, p_size, p_sha256, p_checksum,
            p_dataset_digest, p_dataset_offset, p_pixel_vr, p_frame_count, p_frame_bits,
            p_segments, p_frame_starts, p_bulk, p_metadata, p_metadata_crc32, p_metadata_size,
            p_source)
        ON CONFLICT (sop_instance_uid) DO NOTHING;
        IF NOT FOUND THEN
            SELECT dataset_digest, series_key INTO STRICT old_digest, old_instance_series
                FROM instance WHERE sop_instance_uid = p_sop_instance_uid;
            IF old_digest = p_dataset_digest THEN
                answer.outcome := 'same';
            ELSE
                answer.reason := 'another instance has this SOP Instance UID';
            END IF;
        END IF;
    END IF;

    IF answer.reason IS NOT NULL THEN
        answer.outcome := 'quarantined';
        answer.attributes := old_study.attributes;
        INSERT INTO quarantined_instance (sop_instance_uid, series_instance_uid,
            study_instance_uid, reason, blob_key, size, sha256, dataset_digest, source)
        VALUES (p_sop_instance_uid, p_series_instance_uid, p_study_instance_uid, answer.reason,
            p_blob_key, p_size, p_sha256, p_dataset_digest, p_source)
        ON CONFLICT (sop_instance_uid, dataset_digest) DO NOTHING
        RETURNING quarantine_key INTO answer.quarantine_key;
        RETURN answer;
    END IF;
    IF answer.outcome = 'same' THEN
        answer.attributes := old_study.attributes;
        RETURN answer;
    END IF;

    INSERT INTO series_increment (series_key, study_key, byte_count)
        VALUES (old_series_key, old_study.study_key, p_size);
    IF NOT p_sop_class_uid = ANY(old_sop_classes) THEN
        UPDATE series SET sop_classes = array_append(sop_classes, p_sop_class_uid),
            revision = revision + 1
            WHERE series_key = old_series_key AND NOT p_sop_class_uid = ANY(sop_classes);
    END IF;

    -- What is known wins; what was empty is filled in.
    merged := p_study_attributes || old_study.attributes;
    IF merged <> old_study.attributes
        OR (p_modality IS NOT NULL AND NOT p_modality = ANY(old_study.modalities)) THEN
        UPDATE study SET
            attributes = p_study_attributes || attributes,
            modalities = CASE WHEN p_modality IS NULL OR p_modality = ANY(modalities)
                THEN modalities ELSE array_append(modalities, p_modality) END,
            mrn = coalesce(mrn, p_mrn),
            mrn_issuer = CASE WHEN mrn IS NULL THEN p_mrn_issuer
                ELSE coalesce(mrn_issuer, p_mrn_issuer) END,
            patient_name = coalesce(patient_name, p_patient_name),
            patient_birth_date = coalesce(patient_birth_date, p_patient_birth_date),
            patient_sex = coalesce(patient_sex, p_patient_sex),
            study_date = coalesce(study_date, p_study_date),
            study_time = coalesce(study_time, p_study_time),
            accession_number = coalesce(accession_number, p_accession_number),
            referring_physician = coalesce(referring_physician, p_referring_physician),
            revision = revision + 1
        WHERE study_key = old_study.study_key
        RETURNING attributes INTO merged;
        answer.study_changed := true;
    END IF;
    answer.attributes := merged;
    RETURN answer;
END
$body$;
"""


def upgrade() -> None:
    run(op.get_bind(), SQL)
