"""From an examination to its DICOM objects: which phantom, and what was found in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from pydicom.dataset import Dataset
from pydicom.sr.coding import Code

from vesalius.sample.cast import TECHNOLOGIST
from vesalius.sample.objects import Exam, Subject
from vesalius.sample.objects.document import letter
from vesalius.sample.objects.findings import (
    LIVER,
    NODULE,
    key_images,
    measurement_report,
    segmentation,
)
from vesalius.sample.objects.projection import chest_radiograph, coronary_angiogram
from vesalius.sample.objects.tomography import CHEST, CHEST_COARSE, ct_chest, ct_head, mr_brain
from vesalius.sample.objects.ultrasound import echocardiogram
from vesalius.sample.objects.waveform import twelve_lead
from vesalius.sample.phantoms import torso
from vesalius.sample.phantoms.angiogram import Angiogram
from vesalius.sample.phantoms.body import Nodule, Torso
from vesalius.sample.phantoms.brain import Head, Plaque
from vesalius.sample.phantoms.echo import Echo
from vesalius.sample.phantoms.electrocardiogram import Rhythm

Make = Callable[[Subject, Exam], Iterator[Dataset]]

ABNORMAL = Code("49755003", "SCT", "Morphologically Abnormal Structure")
ANATOMY = Code("123037004", "SCT", "Anatomical Structure")
NODULE_CENTRE = (-72.0, -14.0, 250.0)
FIRST_PLAQUES = (
    Plaque((22.0, 30.0, 108.0), 4.0), Plaque((-20.0, -12.0, 110.0), 3.2),
    Plaque((-26.0, 34.0, 100.0), 4.6), Plaque((24.0, -30.0, 98.0), 3.0),
)  # fmt: skip
LATER_PLAQUES = (
    *FIRST_PLAQUES, Plaque((30.0, 8.0, 112.0), 3.6), Plaque((-34.0, 14.0, 116.0), 4.2),
    Plaque((18.0, -44.0, 104.0), 3.4),
)  # fmt: skip


def make(picture: str, subject: Subject, exam: Exam) -> Iterator[Dataset]:
    """The objects of one study."""
    return PICTURES[picture](subject, exam)


def _nodule_ct(subject: Subject, exam: Exam) -> Iterator[Dataset]:
    """The grown nodule, with its contour, its measurement and the images for the conference."""
    nodule = Nodule(NODULE_CENTRE, 5.0)
    body = Torso(nodules=(nodule,), seed=1)
    slices = []
    for image in ct_chest(subject, exam, body):
        slices.append(image)
        yield image
    yield segmentation(
        exam, slices, torso.nodule_mask(CHEST.model, body), label="Nodule 1", category=ABNORMAL,
        kind=NODULE, series_number=8, colour=(255, 90, 40),
    )  # fmt: skip
    yield measurement_report(exam, slices, nodule, TECHNOLOGIST.dicom)
    middle = round((NODULE_CENTRE[2] - CHEST.bottom) / CHEST.thickness)
    yield key_images(exam, slices[middle - 1 : middle + 2], "Growing nodule, right upper lobe")


def _liver_ct(subject: Subject, exam: Exam) -> Iterator[Dataset]:
    """Chest and upper abdomen in thicker slices, with the liver contoured."""
    body = Torso(seed=21)
    slices = []
    for image in ct_chest(subject, exam, body, CHEST_COARSE):
        slices.append(image)
        yield image
    yield segmentation(
        exam, slices, torso.liver_mask(CHEST_COARSE.model, body), label="Liver", category=ANATOMY,
        kind=LIVER, series_number=8, colour=(190, 90, 60),
    )  # fmt: skip


def _plain(
    *,
    nodules: tuple[Nodule, ...] = (),
    consolidation: bool = False,
    effusion: bool = False,
    seed: int = 1,
) -> Torso:
    """A chest as it stands before the detector: no contrast medium, no table."""
    return Torso(nodules, consolidation, effusion, contrast=False, table=False, seed=seed)


def _film(body: Torso, *, negative: bool = False, compressed: bool = True) -> Make:
    return lambda subject, exam: chest_radiograph(
        subject, exam, body, negative=negative, compressed=compressed
    )


def _ecg(rhythm: Rhythm, reading: str) -> Make:
    return lambda subject, exam: twelve_lead(subject, exam, rhythm, reading)


def _letter(subject: Subject, exam: Exam) -> Iterator[Dataset]:
    return letter(
        subject, exam, "Referral letter",
        (
            "Dear colleague,",
            "thank you for seeing this patient for restaging.",
            "Invasive ductal carcinoma of the left breast, treated three years ago.",
            "Allergies: none known. Creatinine: normal.",
            "With kind regards",
            "Oncology, Cedars Clinic",
        ),
    )  # fmt: skip


PICTURES: dict[str, Make] = {
    "chest film, small nodule": _film(_plain(nodules=(Nodule(NODULE_CENTRE, 6.0),))),
    "chest film, pneumonia": _film(_plain(consolidation=True, effusion=True, seed=4)),
    "chest film, normal": _film(_plain(seed=7), negative=True, compressed=False),
    "chest film, effusion": _film(_plain(effusion=True, seed=9)),
    "chest film, stray": _film(_plain(seed=7), negative=True),
    "chest ct, nodule of 6 mm": lambda subject, exam: ct_chest(
        subject, exam, Torso(nodules=(Nodule(NODULE_CENTRE, 3.0),), seed=1)
    ),
    "chest ct, nodule of 10 mm": _nodule_ct,
    "chest ct, liver": _liver_ct,
    "head ct, atrophy": lambda subject, exam: ct_head(subject, exam, Head(atrophy=0.5, seed=2)),
    "head ct, haemorrhage": lambda subject, exam: ct_head(
        subject, exam, Head(haemorrhage=True, atrophy=0.6, seed=2)
    ),
    "brain mr, few plaques": lambda subject, exam: mr_brain(
        subject, exam, Head(plaques=FIRST_PLAQUES, seed=3)
    ),
    "brain mr, more plaques": lambda subject, exam: mr_brain(
        subject, exam, Head(plaques=LATER_PLAQUES, seed=3)
    ),
    "echo, hypokinetic septum": lambda subject, exam: echocardiogram(
        subject, exam, Echo(ejection=0.42, hypokinetic_septum=True, seed=5)
    ),
    "angiogram, lad stenosis": lambda subject, exam: coronary_angiogram(
        subject, exam, Angiogram(stenosis=0.72)
    ),
    "ecg, normal": _ecg(Rhythm(), "Sinus rhythm. Normal ECG."),
    "ecg, anterior scar": _ecg(
        Rhythm(rate=82, qt=380, anterior_scar=True, seed=2),
        "Sinus rhythm. Anterior infarct, age undetermined. Abnormal ECG.",
    ),
    "ecg, old scar": _ecg(
        Rhythm(rate=61, pr=172, qrs=96, qt=410, anterior_scar=True, seed=3),
        "Sinus rhythm. Old anterior infarct.",
    ),
    "ecg, stray": _ecg(Rhythm(rate=74, seed=4), "Sinus rhythm. Normal ECG."),
    "letter": _letter,
}
