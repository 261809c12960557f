"""Subjects and examinations for the tests of the sample hospital."""

from datetime import date, datetime

from vesalius.sample.objects import Exam, Subject
from vesalius.sample.objects.subject import UNICODE

YAMADA = Subject("SH-1", "Yamada^Taro=山田^太郎=やまだ^たろう", date(1951, 3, 4), "M")
LEFEVRE = Subject("SH-2", "Lefèvre^Marie-Hélène", date(1958, 7, 1), "F")
NOON = datetime(2026, 3, 4, 12, 0)


def exam(modality: str = "CT", key: str = "test", character_set: str | list[str] = UNICODE) -> Exam:
    """An examination of the given modality."""
    return Exam(
        key=key,
        modality=modality,
        description="Examination",
        body_part={"US": "HEART", "XA": "HEART", "ECG": "HEART"}.get(modality, "CHEST"),
        started=NOON,
        station=f"{modality}1",
        accession_number="SH000001",
        operator="Bianchi^Marco",
        character_set=character_set,
        requested_procedure_id="S1",
        step_id="S1",
    )
