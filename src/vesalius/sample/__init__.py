"""The sample hospital: coherent patients with matching images, loaded through the real doors.

phantoms      anatomy by formula           objects       DICOM objects of the phantoms
cast          who is who                   examinations  what was ordered, and what came of it
histories     years of record              charts        the FHIR resources of the story
loading       all of it, into a running house
"""

from vesalius.sample.calendar import Calendar
from vesalius.sample.cast import ACCOUNTS, PATIENTS, Account
from vesalius.sample.examinations import EXAMINATIONS
from vesalius.sample.loading import Login, Watcher, load

__all__ = [
    "ACCOUNTS",
    "EXAMINATIONS",
    "PATIENTS",
    "Account",
    "Calendar",
    "Login",
    "Watcher",
    "load",
]
