"""Work for other processes: making the objects of a study, and living a patient's history.

Run by `kit.workers`, so that drawing a chest does not hold up sending the last one.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

from pydicom.dataset import Dataset

from vesalius.sample.calendar import Calendar
from vesalius.sample.cast import member
from vesalius.sample.histories import history
from vesalius.sample.modality import Made
from vesalius.sample.objects import Exam, Subject
from vesalius.sample.pictures import make


def produce(picture: str, subject: Subject, exam: Exam, folder: str) -> list[dict[str, Any]]:
    """Write the objects of a study as Part 10 files; what each of them is (`Made`)."""
    return [
        asdict(each) for each in write_files(make(picture, subject, exam), Path(folder), exam.key)
    ]


def write_files(datasets: Iterable[Dataset], folder: Path, prefix: str) -> list[Made]:
    """Write data sets as Part 10 files, in order; what each of them is."""
    made = []
    for number, dataset in enumerate(datasets):
        path = folder / f"{prefix}-{number:04d}.dcm"
        dataset.save_as(path, enforce_file_format=True)
        made.append(
            Made(
                str(path),
                str(dataset.SOPClassUID),
                str(dataset.SOPInstanceUID),
                str(dataset.SeriesInstanceUID),
                str(dataset.get("SeriesDescription", "")),
            )
        )
    return made


def relive(key: str, now: str) -> list[dict[str, Any]]:
    """The history of a patient of the cast."""
    return history(member(key), Calendar(datetime.fromisoformat(now)))
