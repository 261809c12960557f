"""The people of the sample hospital: its patients, and those who look after them.

Each patient has a life behind them from the synthetic record package (a seed chosen so that they
are alive) and a reason to be in radiology or cardiology now, told in `story`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Sex = Literal["F", "M"]


@dataclass(frozen=True)
class Name:
    """One person's name; the groups a script does not use stay empty."""

    family: str
    given: str
    ideographic: tuple[str, str] | None = None
    phonetic: tuple[str, str] | None = None

    @property
    def dicom(self) -> str:
        """The person name with its component groups (PS3.5 6.2.1)."""
        groups = ["^".join(pair or ("",)) for pair in (
            (self.family, self.given), self.ideographic, self.phonetic
        )]  # fmt: skip
        return "=".join(groups).rstrip("=")


@dataclass(frozen=True)
class Allergy:
    """What must not be given, and what happens if it is."""

    text: str
    code: str
    system: str
    category: Literal["food", "medication", "environment", "biologic"]
    criticality: Literal["low", "high"]
    manifestation: tuple[str, str]


@dataclass(frozen=True)
class Problem:
    """A diagnosis of the story, in SNOMED CT, and how many days ago it was made."""

    code: str
    display: str
    days_ago: int
    status: Literal["active", "resolved"] = "active"


@dataclass(frozen=True)
class Medication:
    """What the story's illness is treated with, in words, and for how many days by now."""

    text: str
    dosage: str
    days_ago: int


@dataclass(frozen=True)
class Member:
    """One patient of the sample hospital."""

    key: str
    mrn: str
    name: Name
    sex: Sex
    age: int
    language: str
    city: str
    country: str
    seed: int
    modules: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()
    allergies: tuple[Allergy, ...] = ()
    medications: tuple[Medication, ...] = ()
    restricted: bool = False

    @property
    def reference(self) -> str:
        """The id of the Patient resource."""
        return f"sample-{self.key}"


@dataclass(frozen=True)
class Colleague:
    """Somebody who works here."""

    key: str
    family: str
    given: str
    specialty: str
    prefix: str = "Dr"

    @property
    def reference(self) -> str:
        """The id of the Practitioner resource."""
        return f"sample-{self.key}"

    @property
    def dicom(self) -> str:
        """The name in DICOM."""
        return f"{self.family}^{self.given}"

    @property
    def display(self) -> str:
        """The name as people say it."""
        return f"{self.prefix} {self.given} {self.family}".strip()


@dataclass(frozen=True)
class Account:
    """Somebody who can sign in to the demo."""

    username: str
    colleague: Colleague
    roles: frozenset[str] = field(default_factory=frozenset)


RADIOLOGIST = Colleague("brunner", "Brunner", "Anna", "Radiology")
CARDIOLOGIST = Colleague("tessier", "Tessier", "Olivier", "Cardiology")
PHYSICIAN = Colleague("rao", "Rao", "Sunita", "Internal medicine")
NEUROLOGIST = Colleague("novak", "Novák", "Petr", "Neurology")
CHEST_PHYSICIAN = Colleague("mensah", "Mensah", "Grace", "Pulmonology")
EMERGENCY = Colleague("oliveira", "Oliveira", "Tiago", "Emergency medicine")
TECHNOLOGIST = Colleague("bianchi", "Bianchi", "Marco", "Radiography", prefix="")
ADMINISTRATOR = Colleague("lindgren", "Lindgren", "Karin", "Administration", prefix="")

STAFF = (
    RADIOLOGIST, CARDIOLOGIST, PHYSICIAN, NEUROLOGIST, CHEST_PHYSICIAN, EMERGENCY, TECHNOLOGIST,
)  # fmt: skip

ACCOUNTS = (
    Account("radiologist", RADIOLOGIST, frozenset({"radiologist"})),
    Account("cardiologist", CARDIOLOGIST, frozenset({"cardiologist"})),
    Account("physician", PHYSICIAN, frozenset({"physician"})),
    Account("technologist", TECHNOLOGIST, frozenset({"technologist"})),
    Account("admin", ADMINISTRATOR, frozenset({"administrator"})),
)

SNOMED = "http://snomed.info/sct"
RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"

CONTRAST_MEDIUM = Allergy(
    "Iodinated contrast medium", "293637006", SNOMED, "medication", "high",
    ("271807003", "Generalised urticaria, dyspnoea"),
)  # fmt: skip
PENICILLIN = Allergy("Penicillin", "764146007", SNOMED, "medication", "high",
                     ("39579001", "Anaphylaxis"))  # fmt: skip
LATEX = Allergy(
    "Latex", "111088007", SNOMED, "environment", "low", ("40275004", "Contact dermatitis")
)
SHELLFISH = Allergy("Shellfish", "735029006", SNOMED, "food", "low", ("126485001", "Urticaria"))
ASPIRIN = Allergy("Aspirin", "1191", RXNORM, "medication", "low", ("4386001", "Bronchospasm"))

PATIENTS = (
    Member(
        "lefevre", "SH-100234", Name("Lefèvre", "Marie-Hélène"), "F", 67, "fr", "Lyon", "FR", 1000,
        ("copd",),
        (
            Problem("13645005", "Chronic obstructive lung disease", 2190),
            Problem("427359005", "Solitary nodule of lung", 190),
        ),
        (PENICILLIN,),
        medications=(
            Medication("Tiotropium 18 µg inhalation capsule", "1 inhalation a day", 2100),
        ),
    ),
    Member(
        "yamada", "SH-100187", Name("Yamada", "Taro", ("山田", "太郎"), ("やまだ", "たろう")), "M",
        74, "ja", "Osaka", "JP", 1021, ("atrial_fibrillation",),
        (
            Problem("38341003", "Hypertensive disorder", 4200),
            Problem("49436004", "Atrial fibrillation", 1400),
            Problem("274100004", "Cerebral haemorrhage", 0),
        ),
        medications=(
            Medication("Apixaban 5 mg tablet", "1 tablet 2 times a day", 1390),
            Medication("Amlodipine 5 mg tablet", "1 tablet a day", 4100),
        ),
    ),
    Member(
        "alhashimi", "SH-100302", Name("Al-Hashimi", "Yusuf", ("الهاشمي", "يوسف")), "M", 58, "ar",
        "Amman", "JO", 1012, ("stable_ischemic_heart_disease", "metabolic_syndrome_disease"),
        (
            Problem("44054006", "Diabetes mellitus type 2", 2900),
            Problem("53741008", "Coronary arteriosclerosis", 1),
            Problem("401314000", "Acute non-ST segment elevation myocardial infarction", 2),
        ),
        medications=(
            Medication("Metformin 850 mg tablet", "1 tablet 2 times a day", 2800),
            Medication("Aspirin 100 mg tablet", "1 tablet a day", 2),
            Medication("Atorvastatin 80 mg tablet", "1 tablet in the evening", 2),
            Medication("Ticagrelor 90 mg tablet", "1 tablet 2 times a day", 2),
        ),
    ),
    Member(
        "volkova", "SH-100119", Name("Volkova", "Natalia", ("Волкова", "Наталья")), "F", 42, "ru",
        "Kazan", "RU", 1003, (),
        (Problem("24700007", "Multiple sclerosis", 430),),
        (LATEX,),
        medications=(
            Medication("Dimethyl fumarate 240 mg capsule", "1 capsule 2 times a day", 400),
        ),
    ),
    Member(
        "okonkwo", "SH-100411", Name("Okonkwo", "Chidi"), "M", 51, "en", "London", "GB",
        1004, ("gout",),
        (Problem("21522001", "Abdominal pain", 1),),
        (CONTRAST_MEDIUM, SHELLFISH),
    ),
    Member(
        "mueller", "SH-100266", Name("Müller", "Jürgen"), "M", 63, "de", "Basel", "CH",
        1005, ("copd",),
        (Problem("278516003", "Lobar pneumonia", 36, "resolved"),),
    ),
    Member(
        "sato", "SH-100358", Name("Sato", "Hanako", ("佐藤", "花子"), ("さとう", "はなこ")),
        "F", 36, "ja", "Sendai", "JP", 1006, ("asthma",),
        (Problem("80313002", "Palpitations", 20),),
    ),
    Member(
        "garcia", "SH-100095", Name("García Márquez", "Inés"), "F", 29, "es", "Sevilla", "ES",
        1007, (),
        (Problem("239720000", "Tear of meniscus of knee", 12),),
    ),
    Member(
        "nguyen", "SH-100377", Name("Nguyễn", "Thị Lan"), "F", 55, "vi", "Huế", "VN",
        1008, (),
        (Problem("61977001", "Chronic type B viral hepatitis", 5200),),
        (ASPIRIN,),
        medications=(
            Medication("Tenofovir alafenamide 25 mg tablet", "1 tablet a day", 1900),
        ),
    ),
    Member(
        "kowalski", "SH-100420", Name("Kowalski", "Łukasz"), "M", 47, "pl", "Gdańsk", "PL",
        1009, (),
        (Problem("49727002", "Cough", 9),),
    ),
    Member(
        "smith", "SH-100432", Name("Smith", "Eleanor"), "F", 81, "en", "Bristol", "GB",
        1010, ("osteoporosis",),
        (Problem("26929004", "Alzheimer's disease", 900),),
        (PENICILLIN,),
        medications=(
            Medication("Donepezil 10 mg tablet", "1 tablet in the evening", 800),
        ),
    ),
    Member(
        "dubois", "SH-100444", Name("Dubois", "François"), "M", 70, "fr", "Genève", "CH",
        1022, ("gout",),
        (Problem("84114007", "Heart failure", 320),),
        medications=(
            Medication("Sacubitril/valsartan 49/51 mg tablet", "1 tablet 2 times a day", 300),
            Medication("Furosemide 40 mg tablet", "1 tablet in the morning", 310),
        ),
        restricted=True,
    ),
    Member(
        "andersen", "SH-100455", Name("Andersen", "Søren"), "M", 33, "da", "Aarhus", "DK",
        1002, ("migraine",),
        (Problem("37796009", "Migraine", 700),),
    ),
    Member(
        "kim", "SH-100466", Name("Kim", "Minjun", ("金", "民俊"), ("김", "민준")),
        "M", 39, "ko", "Busan", "KR", 1013, (),
        (Problem("57676002", "Joint pain", 40),),
    ),
    Member(
        "haddad", "SH-100478", Name("Haddad", "Layla", ("حداد", "ليلى")),
        "F", 61, "ar", "Beirut", "LB",
        1014, ("hypothyroidism",),
        (Problem("254837009", "Malignant neoplasm of breast", 1100),),
        medications=(
            Medication("Letrozole 2.5 mg tablet", "1 tablet a day", 900),
        ),
    ),
    Member(
        "petrov", "SH-100489", Name("Petrov", "Dmitri", ("Петров", "Дмитрий")),
        "M", 66, "ru", "Varna", "BG",
        1015, ("stable_ischemic_heart_disease",),
        (Problem("22298006", "Myocardial infarction", 1500, "resolved"),),
        (ASPIRIN,),
        medications=(
            Medication("Clopidogrel 75 mg tablet", "1 tablet a day", 1490),
            Medication("Bisoprolol 5 mg tablet", "1 tablet a day", 1490),
        ),
    ),
)  # fmt: skip


def member(key: str) -> Member:
    """The patient of that key."""
    return next(person for person in PATIENTS if person.key == key)
