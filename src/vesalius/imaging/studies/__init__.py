"""Studies: the seam between the archive and the record.

receive             store an instance, find its patient and order, make its ImagingStudy true
compose             the ImagingStudy, made when it is read
settle              complete what has been quiet
unmatched, attach, detach, undo, rematch     what waits for its patient
priors              earlier studies worth comparing, with the reason
"""

from vesalius.imaging.studies.composing import compose
from vesalius.imaging.studies.events import StudyArrived, StudyComplete, StudyMoved
from vesalius.imaging.studies.priors import Prior, priors
from vesalius.imaging.studies.receiving import receive
from vesalius.imaging.studies.rows import (
    ImagingStudy,
    find_study,
    identity_of,
    imaging_study_id,
    visible,
)
from vesalius.imaging.studies.settling import recount, settle, settle_studies
from vesalius.imaging.studies.unmatched import (
    Unmatched,
    attach,
    detach,
    rematch,
    undo,
    unmatched,
)

__all__ = [
    "ImagingStudy",
    "Prior",
    "StudyArrived",
    "StudyComplete",
    "StudyMoved",
    "Unmatched",
    "attach",
    "compose",
    "detach",
    "find_study",
    "identity_of",
    "imaging_study_id",
    "priors",
    "receive",
    "recount",
    "rematch",
    "settle",
    "settle_studies",
    "undo",
    "unmatched",
    "visible",
]
