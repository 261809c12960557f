"""What was ordered and examined: every state a request can be in, each with its reason.

Times are relative to the moment of loading (`calendar.Calendar`). A *prior* came from the archive
before this one: its images and report are here, its order never was.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from vesalius.sample.cast import (
    CARDIOLOGIST,
    CHEST_PHYSICIAN,
    EMERGENCY,
    NEUROLOGIST,
    PHYSICIAN,
    RADIOLOGIST,
    Colleague,
)

State = Literal["open", "scheduled", "begun", "unread", "reported", "prior"]


@dataclass(frozen=True)
class Words:
    """A report: its template, what stands under each heading, and the conclusion."""

    template: str
    sections: Mapping[str, str]
    conclusion: str
    author: Colleague = RADIOLOGIST


@dataclass(frozen=True)
class Examination:
    """One imaging request of one patient, and what came of it."""

    key: str
    patient: str
    procedure: str
    title: str
    state: State
    indication: str
    requester: Colleague
    days_ago: float = 0.0
    hours_ago: float = 0.0
    picture: str | None = None
    priority: Literal["routine", "urgent", "asap", "stat"] = "routine"
    contrast: bool | None = None
    laterality: Literal["left", "right", "both"] | None = None
    report: Words | None = None
    #: Written by a system that knows no Unicode (ISO 2022 IR 87).
    escaped_names: bool = False

    @property
    def modality(self) -> str:
        """The modality, which the procedure's code begins with."""
        return self.procedure.partition("-")[0]

    @property
    def station(self) -> str:
        """The AE title of the device it is done on."""
        return f"{self.modality}1"

    @property
    def accession_number(self) -> str:
        """A number of its own, at most 16 letters."""
        return f"SH{2400 + EXAMINATIONS.index(self):06d}"

    @property
    def is_ordered(self) -> bool:
        """Whether this hospital placed the order."""
        return self.state != "prior"

    @property
    def has_images(self) -> bool:
        return self.picture is not None


def _cross(indication: str, technique: str, comparison: str, findings: str) -> dict[str, str]:
    return {
        "indication": indication, "technique": technique, "comparison": comparison,
        "findings": findings,
    }  # fmt: skip


EXAMINATIONS: tuple[Examination, ...] = (
    # Marie-Hélène Lefèvre: a nodule that grows.
    Examination(
        "lefevre-dx-1", "lefevre", "DX-CHEST", "Chest PA", "prior", "Cough, known COPD",
        CHEST_PHYSICIAN, days_ago=415, picture="chest film, small nodule",
        report=Words(
            "chest-radiograph",
            {
                "indication": "Cough, known COPD.", "views": "Chest PA, upright.",
                "lungs": "Hyperinflation. Ill-defined opacity of 6 mm projecting over the right "
                         "upper zone. No consolidation, no effusion.",
                "heart": "Normal heart size. Mediastinum not widened.",
                "bones": "Degenerative change of the thoracic spine.",
            },
            "Small opacity in the right upper zone; CT recommended.",
        ),
    ),
    Examination(
        "lefevre-ct-1", "lefevre", "CT-CHEST-C", "CT chest with contrast", "prior",
        "Opacity on the chest film", CHEST_PHYSICIAN, days_ago=188,
        picture="chest ct, nodule of 6 mm", contrast=True,
        report=Words(
            "cross-sectional",
            _cross(
                "Opacity on the chest film.", "Helical CT of the chest, 80 mL iohexol 300.",
                "Chest film of the year before.",
                "Solid nodule of 6 mm in the right upper lobe. Emphysema. No enlarged lymph "
                "nodes. Liver, spleen and adrenals unremarkable.",
            ),
            "Solid nodule of 6 mm in the right upper lobe. Follow-up CT in 6 months.",
        ),
    ),
    Examination(
        "lefevre-ct-2", "lefevre", "CT-CHEST-C", "CT chest with contrast", "unread",
        "Follow-up of a nodule of 6 mm, right upper lobe", CHEST_PHYSICIAN, hours_ago=3.2,
        picture="chest ct, nodule of 10 mm", priority="urgent", contrast=True,
    ),
    # Taro Yamada: anticoagulated, sudden weakness.
    Examination(
        "yamada-ct-1", "yamada", "CT-HEAD", "CT head", "prior", "Fall, headache", EMERGENCY,
        days_ago=760, picture="head ct, atrophy", escaped_names=True,
        report=Words(
            "cross-sectional",
            _cross(
                "Fall, headache.", "CT of the head without contrast.", "None.",
                "Mild atrophy. No haemorrhage, no mass effect. Old lacunar change is absent.",
            ),
            "No acute intracranial finding.",
        ),
    ),
    Examination(
        "yamada-ct-2", "yamada", "CT-HEAD", "CT head", "unread",
        "Right hemiparesis since this morning, on apixaban", EMERGENCY, hours_ago=0.6,
        picture="head ct, haemorrhage", priority="stat",
    ),
    # Yusuf Al-Hashimi: infarction, angiogram, echocardiogram.
    Examination(
        "alhashimi-ecg-1", "alhashimi", "ECG-12", "ECG, 12 leads", "prior", "Check before surgery",
        PHYSICIAN, days_ago=1090, picture="ecg, normal",
        report=Words(
            "ecg",
            {"rhythm": "Sinus rhythm, 68/min.", "conduction": "PR 164 ms, QRS 92 ms.",
             "repolarisation": "Normal ST segments and T waves. QTc 422 ms."},
            "Normal electrocardiogram.", CARDIOLOGIST,
        ),
    ),
    Examination(
        "alhashimi-ecg-2", "alhashimi", "ECG-12", "ECG, 12 leads", "unread",
        "Second day after NSTEMI", CARDIOLOGIST, hours_ago=5.1,
        picture="ecg, anterior scar", priority="urgent",
    ),
    Examination(
        "alhashimi-xa-1", "alhashimi", "XA-CORONARY", "Coronary angiography", "reported",
        "NSTEMI, troponin rising", CARDIOLOGIST, days_ago=1, picture="angiogram, lad stenosis",
        priority="urgent", contrast=True,
        report=Words(
            "cross-sectional",
            _cross(
                "NSTEMI, troponin rising.",
                "Right radial access, 6 F. Left coronary artery in RAO 30, cranial 20; "
                "iopamidol 370, 60 mL.",
                "None.",
                "Left main without stenosis. Mid LAD: stenosis of 70 % after the first diagonal, "
                "TIMI 3. Circumflex and marginal branches with wall irregularities only.",
            ),
            "One-vessel disease: stenosis of 70 % of the mid LAD. Heart team discussion.",
            CARDIOLOGIST,
        ),
    ),
    Examination(
        "alhashimi-us-1", "alhashimi", "US-ECHO", "Transthoracic echocardiography", "unread",
        "Ventricular function after NSTEMI", CARDIOLOGIST, hours_ago=2.0,
        picture="echo, hypokinetic septum",
    ),
    # Natalia Volkova: multiple sclerosis, one year on.
    Examination(
        "volkova-mr-1", "volkova", "MR-BRAIN", "MR brain", "prior", "Optic neuritis", NEUROLOGIST,
        days_ago=428, picture="brain mr, few plaques",
        report=Words(
            "cross-sectional",
            _cross(
                "Optic neuritis, first episode.", "MPRAGE, T2 TSE and FLAIR, axial, 3 T.", "None.",
                "Four periventricular lesions, hyperintense on FLAIR, perpendicular to the corpus "
                "callosum. No infratentorial lesion.",
            ),
            "Dissemination in space: demyelinating disease is likely.",
        ),
    ),
    Examination(
        "volkova-mr-2", "volkova", "MR-BRAIN", "MR brain", "unread",
        "Multiple sclerosis, yearly control, new paraesthesia", NEUROLOGIST, hours_ago=4.4,
        picture="brain mr, more plaques",
    ),
    # Jürgen Müller: pneumonia, and the control film.
    Examination(
        "mueller-dx-1", "mueller", "DX-CHEST", "Chest PA", "reported", "Fever, productive cough",
        EMERGENCY, days_ago=36, picture="chest film, pneumonia", priority="urgent",
        report=Words(
            "chest-radiograph",
            {
                "indication": "Fever, productive cough.", "views": "Chest PA, upright.",
                "lungs": "Consolidation of the right lower lobe. Small right effusion.",
                "heart": "Normal heart size.", "bones": "No fracture.",
            },
            "Lobar pneumonia of the right lower lobe. Control in six weeks.",
        ),
    ),
    Examination(
        "mueller-dx-2", "mueller", "DX-CHEST", "Chest PA", "scheduled",
        "Control after pneumonia", CHEST_PHYSICIAN, hours_ago=-1.5,
    ),
    # Read soon.
    Examination(
        "nguyen-ct-1", "nguyen", "CT-CHEST-C", "CT chest and upper abdomen", "unread",
        "Chronic hepatitis B, alpha-fetoprotein rising", PHYSICIAN, hours_ago=22.0,
        picture="chest ct, liver", contrast=True,
    ),
    Examination(
        "kowalski-dx-1", "kowalski", "DX-CHEST", "Chest PA", "unread", "Cough for three weeks",
        PHYSICIAN, hours_ago=7.5, picture="chest film, normal",
    ),
    Examination(
        "dubois-dx-1", "dubois", "DX-CHEST", "Chest PA", "unread", "Heart failure, dyspnoea",
        CARDIOLOGIST, hours_ago=9.0, picture="chest film, effusion", priority="urgent",
    ),
    Examination(
        "petrov-ecg-1", "petrov", "ECG-12", "ECG, 12 leads", "reported",
        "Old anterior infarction, yearly control", CARDIOLOGIST, days_ago=6,
        picture="ecg, old scar",
        report=Words(
            "ecg",
            {"rhythm": "Sinus rhythm, 61/min.", "conduction": "PR 172 ms, QRS 96 ms.",
             "repolarisation": "Q waves V1 to V4, negative T waves V2 to V5."},
            "Anterior scar, unchanged.", CARDIOLOGIST,
        ),
    ),
    # On the machines and still to come.
    Examination(
        "sato-us-1", "sato", "US-ECHO", "Transthoracic echocardiography", "begun",
        "Palpitations, murmur", CARDIOLOGIST, hours_ago=0.2,
    ),
    Examination(
        "garcia-mr-1", "garcia", "MR-KNEE", "MR knee", "scheduled",
        "Locking knee after a twist, meniscus?", PHYSICIAN, hours_ago=-2.5, laterality="right",
    ),
    Examination(
        "kim-mr-1", "kim", "MR-SHOULDER", "MR shoulder", "scheduled",
        "Shoulder pain, rotator cuff?", PHYSICIAN, hours_ago=-4.0, laterality="left",
    ),
    Examination(
        "smith-ct-1", "smith", "CT-HEAD", "CT head", "scheduled",
        "Rapid decline, subdural haematoma?", NEUROLOGIST, hours_ago=-0.5, priority="urgent",
    ),
    Examination(
        "haddad-ct-1", "haddad", "CT-CHEST-C", "CT chest with contrast", "scheduled",
        "Breast cancer, restaging", PHYSICIAN, days_ago=-1, contrast=True,
    ),
    Examination(
        "petrov-us-1", "petrov", "US-ECHO", "Transthoracic echocardiography", "scheduled",
        "Old anterior infarction, yearly control", CARDIOLOGIST, days_ago=-2,
    ),
    Examination(
        "okonkwo-ct-1", "okonkwo", "CT-ABD-C", "CT abdomen and pelvis with contrast", "open",
        "Abdominal pain, appendicitis?", EMERGENCY, priority="urgent", contrast=True,
    ),
    Examination(
        "andersen-mr-1", "andersen", "MR-BRAIN", "MR brain", "open",
        "Migraine, new aura", NEUROLOGIST,
    ),
    # What came with the patient: a letter, and images of an earlier archive.
    Examination(
        "haddad-doc-1", "haddad", "DOC-LETTER", "Referral letter", "prior", "Referral",
        PHYSICIAN, days_ago=24, picture="letter",
    ),
)  # fmt: skip


def examination(key: str) -> Examination:
    """The examination of that key."""
    return next(item for item in EXAMINATIONS if item.key == key)


@dataclass(frozen=True)
class Stray:
    """Images whose identity does not fit anybody: they wait for a human."""

    key: str
    claims: str
    mrn: str
    birth_date_shift: int
    procedure: str
    picture: str
    hours_ago: float


#: Two digits of the number were swapped at the console; a birthday was mistyped.
STRAYS = (
    Stray("stray-dx", "kowalski", "SH-100402", 0, "DX-CHEST", "chest film, stray", 1.2),
    Stray("stray-ecg", "smith", "SH-100432", -3652, "ECG-12", "ecg, stray", 0.9),
)
