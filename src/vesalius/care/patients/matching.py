"""Whose images are these: a DICOM identity against the record.

Images are attached to a patient only on identifier and assigner, with name and birth date
agreeing; everything else waits for a human, with proposals. The rules, where the standard is
silent:

- The assigner is Issuer of Patient ID (0010,0021) as the site maps it (setting `assigners`), or
  taken as the identifier system itself; when absent, the site's default assigner.
- Names agree when any component group (alphabetic, ideographic, phonetic) is any of the patient's
  names; see `names.agree` for what is forgiven.
- A birth date missing on either side is not an agreement: the study waits, unless it answers an
  order of that same patient (`expected`), which is the second proof.
- A sex of M against F is a disagreement; empty or O is not.
- Nothing is ever matched by name alone, and two candidates match nobody.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from vesalius.care.patients.cards import COLUMNS, Card
from vesalius.care.patients.names import agree, search_tokens
from vesalius.kit.transaction import Transaction
from vesalius.standards.maps.dicom_to_patient import (
    birth_date,
    gender,
    human_names,
    person_name,
)

MAX_PROPOSALS = 5
# How much each agreement says, of 1.
WEIGHTS = {"identifier": 0.35, "assigner": 0.15, "name": 0.25, "birth_date": 0.2, "sex": 0.05}


@dataclass(frozen=True, slots=True)
class Identity:
    """A patient as a DICOM data set names them."""

    PatientID: str = ""
    issuer: str = ""
    PatientName: Mapping[str, str] = field(default_factory=dict)
    PatientBirthDate: str = ""
    PatientSex: str = ""


@dataclass(frozen=True, slots=True)
class Proposal:
    """A patient it could be: what agrees, what differs, and how much that says (0 to 1)."""

    patient_reference: str
    reasons: tuple[str, ...]
    differences: tuple[str, ...]
    score: float


@dataclass(frozen=True, slots=True)
class Match:
    """The patient, or why there is none and who it could be."""

    patient_reference: str | None
    reason: str | None = None
    proposals: tuple[Proposal, ...] = ()


async def match(tx: Transaction, identity: Identity, *, expected: str | None = None) -> Match:
    """The patient of a DICOM identity; `expected` is the patient of the order it answers."""
    system = assigner_system(tx, identity.issuer)
    candidates = await _candidates(tx, identity)
    proposals = [
        _compare(candidate, identifiers, identity, system) for candidate, identifiers in candidates
    ]
    proposals.sort(key=lambda proposal: -proposal.score)
    certain = [
        proposal
        for proposal in proposals
        if is_certain(proposal, expected=expected)
        and any(
            c.active for c, _ in candidates if c.patient_reference == proposal.patient_reference
        )
    ]
    if len(certain) == 1:
        return Match(certain[0].patient_reference)
    reason = _reason(identity, proposals, len(certain))
    return Match(None, reason, tuple(proposals[:MAX_PROPOSALS]))


def is_certain(proposal: Proposal, *, expected: str | None) -> bool:
    """Whether nothing is left for a human to decide."""
    if proposal.differences or not {"identifier", "assigner", "name"} <= set(proposal.reasons):
        return False
    return "birth_date" in proposal.reasons or proposal.patient_reference == expected


def assigner_system(tx: Transaction, issuer: str) -> str:
    """The identifier system an Issuer of Patient ID stands for."""
    issuer = issuer.strip()
    return tx.settings.assigners.get(issuer, issuer) or tx.settings.default_assigner


async def _candidates(
    tx: Transaction, identity: Identity
) -> list[tuple[Card, list[tuple[str, str]]]]:
    """Patients with this number from any assigner, and those of this name born that day."""
    words = sorted(search_tokens(human_names(identity.PatientName)))
    rows = await tx.fetch_all(
        f"SELECT {COLUMNS}, (SELECT array_agg(ARRAY[system, value]) FROM patient_identifier i"
        "  WHERE i.patient_reference = card.patient_reference) AS identifiers"
        " FROM patient_card card WHERE card.patient_reference IN ("
        " SELECT patient_reference FROM patient_identifier WHERE value = nullif(%(value)s, '')"
        "  UNION SELECT born.patient_reference FROM patient_card born"
        "   JOIN patient_token token USING (patient_reference)"
        "   WHERE born.birth_date = %(born)s AND token.token = ANY(%(words)s)) LIMIT 50",
        {
            "value": identity.PatientID.strip(),
            "born": birth_date(identity.PatientBirthDate),
            "words": words,
        },
    )
    found = []
    for row in rows:
        identifiers = [(system, value) for system, value in row.pop("identifiers") or []]
        found.append((Card(**row), identifiers))
    return found


def _compare(
    card: Card, identifiers: list[tuple[str, str]], identity: Identity, system: str
) -> Proposal:
    reasons: list[str] = []
    differences: list[str] = []
    number = identity.PatientID.strip()
    if number and any(value == number for _, value in identifiers):
        reasons.append("identifier")
        (reasons if (system, number) in identifiers else differences).append("assigner")
    elif number and any(owner == system for owner, _ in identifiers):
        differences.append("identifier")
    for aspect, verdict in (
        ("name", _name_agrees(card, identity)),
        ("birth_date", _birth_date_agrees(card.birth_date, birth_date(identity.PatientBirthDate))),
        ("sex", _sex_agrees(card.gender, gender(identity.PatientSex))),
    ):
        if verdict is not None:
            (reasons if verdict else differences).append(aspect)
    score = round(sum(WEIGHTS[reason] for reason in reasons), 2)
    return Proposal(card.patient_reference, tuple(reasons), tuple(differences), score)


def _name_agrees(card: Card, identity: Identity) -> bool | None:
    name = person_name(dict(identity.PatientName))
    return agree(name, card.names) if name and card.names else None


def _birth_date_agrees(recorded: str | None, sent: str | None) -> bool | None:
    if not recorded or not sent:
        return None
    if len(recorded) < len(sent):
        # A record that knows only the year or month may contradict, but proves nothing.
        return None if sent.startswith(recorded) else False
    return sent == recorded


def _sex_agrees(recorded: str | None, sent: str | None) -> bool | None:
    if recorded in ("male", "female") and sent in ("male", "female"):
        return recorded == sent
    return None


def _reason(identity: Identity, proposals: list[Proposal], certain: int) -> str:
    """One word for why a study waits; the browser has the sentence in the user's language."""
    if certain > 1:
        return "ambiguous"
    if not identity.PatientID.strip():
        return "no-identifier"
    same = [p for p in proposals if {"identifier", "assigner"} <= set(p.reasons)]
    if not same:
        elsewhere = any("assigner" in proposal.differences for proposal in proposals)
        return "assigner-differs" if elsewhere else "unknown-identifier"
    if same[0].differences:
        return f"{same[0].differences[0].replace('_', '-')}-differs"
    if "name" not in same[0].reasons:
        return "no-name"
    return "no-birth-date" if "birth_date" not in same[0].reasons else "inactive"
