"""Which earlier studies a reader wants beside this one, and why.

Relevance is what readers compare with: the same region of the body first, then the same kind of
modality, then the recent ones. The reason is told with each, never a bare number.
"""

from dataclasses import dataclass
from datetime import date

from vesalius.imaging.studies.rows import COLUMNS, ImagingStudy, visible
from vesalius.kit.transaction import Transaction
from vesalius.stores.access import Principal, patient_predicate, require

MAX_PRIORS = 100
RECENT_DAYS = 730

# Body Part Examined (PS3.16 Annex L) and words of study descriptions, by region.
REGIONS = {
    "head": (
        ("HEAD", "BRAIN", "SKULL", "FACE", "ORBIT", "SINUS", "IAC", "PITUITARY"),
        ("head", "brain", "skull", "cran", "cereb", "cér", "crân", "orbit", "sinus"),
    ),
    "neck": (("NECK", "CSPINE", "THYROID", "CAROTID"), ("neck", "cervical", "thyroid", "carotid")),
    "chest": (
        ("CHEST", "THORAX", "LUNG", "RIB", "TSPINE", "STERNUM", "MEDIASTINUM"),
        ("chest", "thorax", "lung", "pulm", "poum", "rib"),
    ),
    "heart": (
        ("HEART", "CORONARY", "AORTA", "CARDIAC"),
        ("heart", "cardi", "coronar", "echo", "ecg", "aort"),
    ),
    "breast": (("BREAST",), ("breast", "mammo", "sein")),
    "abdomen": (
        ("ABDOMEN", "LIVER", "KIDNEY", "PANCREAS", "SPLEEN", "ABDOMENPELVIS", "LSPINE"),
        ("abdom", "liver", "foie", "renal", "rein", "kidney", "pancrea", "lumb", "lomb"),
    ),
    "pelvis": (
        ("PELVIS", "ABDOMENPELVIS", "PROSTATE", "UTERUS", "BLADDER", "SSPINE", "HIP"),
        ("pelv", "prostat", "uter", "hip", "hanche", "sacr"),
    ),
    "upper limb": (
        ("SHOULDER", "ARM", "ELBOW", "WRIST", "HAND", "FINGER", "HUMERUS", "CLAVICLE"),
        ("shoulder", "elbow", "wrist", "hand", "épaule", "poignet", "main", "humer"),
    ),
    "lower limb": (
        ("KNEE", "LEG", "ANKLE", "FOOT", "FEMUR", "TOE", "THIGH", "CALCANEUS"),
        ("knee", "ankle", "foot", "femur", "genou", "pied", "cheville"),
    ),
}
WHOLE_BODY = ("WHOLEBODY",)

# Modalities that show the same with other means.
FAMILIES = (
    {"CR", "DX", "RF", "RG"},
    {"CT"},
    {"MR"},
    {"US", "IVUS"},
    {"XA", "XF"},
    {"MG", "DBT"},
    {"PT", "NM"},
    {"ECG", "HD"},
)


@dataclass(frozen=True, slots=True)
class Prior:
    """An earlier study with its relevance (0 to 1) and what makes it relevant."""

    study: ImagingStudy
    relevance: float
    reasons: tuple[str, ...]


async def priors(
    tx: Transaction, principal: Principal | None, study_instance_uid: str
) -> list[Prior]:
    """The same patient's other studies that the asker may see, most relevant first.

    A study that waits for its patient has no priors: nobody knows whose they would be.
    """
    study = await visible(tx, principal, study_instance_uid)
    principal = require(principal, "study.read")
    if study.patient_reference is None:
        return []
    policy = patient_predicate(principal, "st.patient_reference")
    rows = await tx.fetch_all(
        f"SELECT {COLUMNS} FROM imaging_study st WHERE st.patient_reference = %s"
        f" AND st.study_instance_uid <> %s AND ({policy.sql})"
        " ORDER BY st.study_date DESC NULLS LAST LIMIT %s",
        (study.patient_reference, study_instance_uid, *policy.params, MAX_PRIORS),
    )
    found = [_weigh(study, ImagingStudy(**row)) for row in rows]
    # Most relevant first; among equals the newest.
    found.sort(key=lambda prior: prior.study.study_date or "", reverse=True)
    return sorted(found, key=lambda prior: -prior.relevance)


def _weigh(study: ImagingStudy, other: ImagingStudy) -> Prior:
    reasons = []
    if regions(study) & regions(other):
        reasons.append("same-region")
    if set(study.modalities) & set(other.modalities):
        reasons.append("same-modality")
    elif any(
        family & set(study.modalities) and family & set(other.modalities) for family in FAMILIES
    ):
        reasons.append("similar-modality")
    if _days_between(study.study_date, other.study_date) <= RECENT_DAYS:
        reasons.append("recent")
    weights = {"same-region": 0.5, "same-modality": 0.3, "similar-modality": 0.2, "recent": 0.2}
    return Prior(other, round(sum(weights[reason] for reason in reasons), 2), tuple(reasons))


def regions(study: ImagingStudy) -> set[str]:
    """The regions a study shows, by its body part or else by the words of its description."""
    part = (study.body_part or "").upper().replace(" ", "")
    if part in WHOLE_BODY:
        return set(REGIONS)
    by_part = {region for region, (parts, _) in REGIONS.items() if part in parts}
    if by_part:
        return by_part
    text = (study.description or "").lower()
    return {region for region, (_, words) in REGIONS.items() if any(w in text for w in words)}


def _days_between(left: str | None, right: str | None) -> int:
    try:
        return abs((_day(left) - _day(right)).days)
    except ValueError:
        return RECENT_DAYS + 1


def _day(text: str | None) -> date:
    digits = (text or "").replace(".", "")
    return date(int(digits[:4] or 0), int(digits[4:6] or 0), int(digits[6:8] or 0))
