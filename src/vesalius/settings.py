"""Everything an administrator sets before the house runs: one TOML file and VESALIUS_… variables.

Read once, frozen, handed down. Each setting has a type, a laptop default and a sentence; the
reference page is generated from here. What changes while the house runs (nodes, users, routes)
is data, not a setting.
"""

import os
from pathlib import Path

from pydantic import Field
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

KIB = 1024
MIB = 1024 * KIB
GIB = 1024 * MIB


class Settings(BaseSettings):
    """The house's settings; every field may be given as `VESALIUS_<FIELD>` or in the TOML file."""

    model_config = SettingsConfigDict(env_prefix="VESALIUS_", frozen=True, extra="forbid")

    # Where things are
    data_directory: Path = Field(
        Path("data"), description="Folder of the database, the blobs, keys and logs."
    )
    database_url: str | None = Field(
        None, description="A PostgreSQL ≥ 16 of yours; without it the embedded one is started."
    )
    database_schema: str = Field(
        "public", pattern=r"^[a-z_][a-z0-9_]*$", description="PostgreSQL schema (one per tenant)."
    )
    database_pool_size: int = Field(8, ge=1, description="Connections each process may hold.")
    blob_url: str | None = Field(
        None,
        description="s3://bucket/prefix and the like; without it, files in the data directory.",
    )

    # Doors
    web_host: str = Field("127.0.0.1", description="Address of the web server.")
    web_port: int = Field(8080, ge=0, le=65535, description="Port of the web server.")
    web_processes: int = Field(1, ge=1, description="Web worker processes.")
    public_url: str | None = Field(
        None, description="The address users type, when it differs from host and port."
    )
    dicom_host: str = Field("127.0.0.1", description="Address the DICOM acceptors listen on.")
    dicom_port: int = Field(11112, ge=0, le=65535, description="Port of the DICOM acceptors.")
    dicom_processes: int = Field(2, ge=1, description="DICOM acceptor processes.")
    ae_title: str = Field(
        "VESALIUS", min_length=1, max_length=16, description="Our application entity title."
    )
    job_concurrency: int = Field(4, ge=1, description="Jobs one job worker runs at once.")

    # Identity
    default_assigner: str = Field(
        "urn:vesalius:mrn",
        description="Identifier system of medical record numbers that come without an assigner.",
    )
    assigners: dict[str, str] = Field(
        default_factory=dict,
        description="IssuerOfPatientID values and the identifier systems they stand for.",
    )
    accession_prefix: str = Field("V", max_length=4, description="First letters of our accessions.")
    uid_root: str = Field("2.25", description="Root of the DICOM UIDs made here.")

    # Signing in
    session_idle_seconds: int = Field(3600, ge=60, description="A session unused so long ends.")
    session_seconds: int = Field(12 * 3600, ge=60, description="A session older than this ends.")
    token_days: int = Field(365, ge=1, description="Days a bearer token lives unless said.")
    password_characters: int = Field(10, ge=8, description="Shortest password taken.")
    setup_hours: int = Field(24, ge=1, description="Hours the first-start set-up link works.")
    sign_in_attempts: int = Field(
        10,
        ge=1,
        description="Failed sign-ins of one user from one address allowed in 15 minutes; "
        "ten times as many of one user, or of one address.",
    )

    # Audit
    audit_checkpoint_seconds: float = Field(
        60.0, gt=0, description="A signed checkpoint of the audit chain is written so often."
    )
    audit_seal_seconds: float = Field(
        1.0, gt=0, description="Committed audit events are chained so often."
    )

    # Limits: DICOM network (PS3.8)
    associate_request_bytes: int = Field(256 * KIB, description="Longest A-ASSOCIATE-RQ taken.")
    pdu_bytes: int = Field(256 * KIB, ge=4096, description="Longest P-DATA PDU we negotiate.")
    command_set_bytes: int = Field(16 * KIB, description="Longest DIMSE command set taken.")
    identifier_bytes: int = Field(
        1 * MIB, description="Longest DIMSE data set taken that is not an instance (queries, MPPS)."
    )
    pdu_seconds: float = Field(30.0, description="A PDU not complete so long after it began ends.")
    association_idle_seconds: float = Field(60.0, description="An idle association is ended.")
    connect_seconds: float = Field(
        10.0, description="Time a node gets to answer when we ask for an association."
    )
    response_seconds: float = Field(60.0, description="Time a node gets to answer our request.")
    artim_seconds: float = Field(15.0, description="PS3.8 ARTIM timer.")
    unassociated_per_address: int = Field(
        16, description="Connections of one address that have not associated yet, at once."
    )
    unassociated_total: int = Field(
        4096, description="Connections that have not associated yet, of all addresses."
    )
    associations: int = Field(128, description="Associations of one acceptor process, at once.")
    check_called_ae_title: bool = Field(
        True, description="Refuse associations that call another AE title than ours."
    )
    private_sop_classes: list[str] = Field(
        default_factory=list, description="Private storage SOP class UIDs taken as well."
    )

    # Limits: objects and messages
    instance_bytes: int = Field(8 * GIB, description="Largest DICOM instance taken.")
    header_bytes: int = Field(64 * MIB, description="Longest DICOM data set before pixel data.")
    sequence_depth: int = Field(64, description="Deepest nesting of DICOM sequences.")
    inflate_ratio: int = Field(200, description="Largest inflation of a deflated data set.")
    inflate_bytes: int = Field(1 * GIB, description="Largest inflated data set.")
    json_bytes: int = Field(64 * MIB, description="Largest JSON body taken.")
    json_depth: int = Field(64, description="Deepest nesting of JSON.")
    bundle_entries: int = Field(10_000, description="Most entries of a FHIR Bundle.")
    include_count: int = Field(5000, description="Most resources included with one page.")
    page_count: int = Field(1000, description="Most results of one page of any search.")
    free_disk_fraction: float = Field(
        0.05, ge=0, lt=1, description="Below this free share of the disk nothing new is taken."
    )

    # Work in disposable processes
    worker_processes: int = Field(2, ge=1, description="Pixel workers of one process.")
    worker_memory_bytes: int = Field(2 * GIB, description="Memory a pixel worker may use.")
    worker_seconds: float = Field(60.0, description="Time one piece of pixel work may take.")

    # Behaviour
    study_quiet_seconds: float = Field(
        5.0, description="A study is complete when nothing has arrived for so long."
    )
    reading_days: int = Field(
        30, ge=0, description="A study without an order and older than this is only a prior."
    )
    drain_seconds: float = Field(30.0, description="Time running work gets to end when stopping.")
    log_level: str = Field("info", description="debug, info, warning or error.")
    log_json: bool = Field(False, description="Logs as JSON lines instead of for reading.")
    time_zone: str | None = Field(
        None, description="IANA time zone of the modalities' clocks; this machine's unless said."
    )
    languages: list[str] = Field(["en", "fr"], description="Languages of the browser application.")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments win over variables, variables over the file named by VESALIUS_SETTINGS."""
        file = Path(os.environ.get("VESALIUS_SETTINGS", "vesalius.toml"))
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls, file)

    @property
    def base_url(self) -> str:
        """The address shown to users, without a trailing slash."""
        return (self.public_url or f"http://{self.web_host}:{self.web_port}").rstrip("/")

    def environment(self) -> dict[str, str]:
        """These settings as variables, for the processes the supervisor starts."""
        import json

        out: dict[str, str] = {}
        for name in type(self).model_fields:
            value = getattr(self, name)
            if value is None:
                continue
            text = json.dumps(value) if isinstance(value, list | dict) else str(value)
            out[f"VESALIUS_{name.upper()}"] = text
        return out
