"""DICOM instances: intake, index, finding, retrieval, quarantine, integrity.

The shop front. Storing: `begin` an Intake, `feed` it, `finish` it, then `receive` what was sealed
in a transaction (interfaces go through `imaging.studies.receive`, which calls `receive`).
Finding: `find` (C-FIND and QIDO-RS alike) and `study`, `studies`, `series`, `sources`. Retrieving:
`instances`, `metadata`, `frames`, `read_frame`, `bulk`, `stream_instance`.
"""

from vesalius.stores.archive.attachment import attach
from vesalius.stores.archive.counters import fold
from vesalius.stores.archive.events import (
    BlobDamaged,
    InstanceQuarantined,
    InstancesStored,
    StudyAttached,
)
from vesalius.stores.archive.finding import find, find_each, findable
from vesalius.stores.archive.intake import Intake, begin, begin_file
from vesalius.stores.archive.integrity import ScrubReport, scrub, verify
from vesalius.stores.archive.metadata import metadata
from vesalius.stores.archive.model import (
    BulkRange,
    BulkValue,
    FrameRange,
    InstanceRow,
    Level,
    MetadataPack,
    Quarantined,
    Query,
    Sealed,
    SeriesRow,
    Stored,
    StudyRow,
)
from vesalius.stores.archive.quarantine import discard_quarantined, list_quarantined
from vesalius.stores.archive.receiving import receive, storing_order
from vesalius.stores.archive.retrieval import (
    bulk,
    frames,
    frames_at_hand,
    instances,
    read_bulk,
    read_frame,
    stream_bulk,
    stream_instance,
)
from vesalius.stores.archive.sources import sources
from vesalius.stores.archive.studies import series, studies, study
from vesalius.stores.archive.sweeper import sweep

__all__ = [
    "BlobDamaged",
    "BulkRange",
    "BulkValue",
    "FrameRange",
    "InstanceQuarantined",
    "InstanceRow",
    "InstancesStored",
    "Intake",
    "Level",
    "MetadataPack",
    "Quarantined",
    "Query",
    "ScrubReport",
    "Sealed",
    "SeriesRow",
    "Stored",
    "StudyAttached",
    "StudyRow",
    "attach",
    "begin",
    "begin_file",
    "bulk",
    "discard_quarantined",
    "find",
    "find_each",
    "findable",
    "fold",
    "frames",
    "frames_at_hand",
    "instances",
    "list_quarantined",
    "metadata",
    "read_bulk",
    "read_frame",
    "receive",
    "scrub",
    "series",
    "sources",
    "storing_order",
    "stream_bulk",
    "stream_instance",
    "studies",
    "study",
    "sweep",
    "verify",
]
