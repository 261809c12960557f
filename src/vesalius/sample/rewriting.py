"""Giving what the synthetic package wrote to this patient, this hospital and its people."""

from __future__ import annotations

import base64
import re
import uuid
from collections.abc import Sequence
from typing import Any

from vesalius.sample.cast import EMERGENCY, PHYSICIAN, Member

Resource = dict[str, Any]

#: Words of what a hospital's chart does not open with.
LEFT_OUT = re.compile(
    r"dental|gingiv|tooth|teeth|molar|caries|refugee|employ|education|social|stress|abuse"
    r"|criminal|violence|drug|review due|reconciliation|screening|assessment|care needs|armed"
    r"|questionnaire|housing|percentile|pain severity|platelet (mean|distribution)|percentile"
    r"|referral|risk activity|military|labor force|alcohol|humiliation|morse|prapare|\?|address"
    r"|\brace\b|language|insurance|tobacco|marital|anxiety|depression|phq|gad-7|peg\b"
    r"|total score|jail|hispanic|transportation",
    re.IGNORECASE,
)
#: SNOMED CT's fully specified names end in a word for terminologists.
_SEMANTIC_TAG = re.compile(
    r" \((disorder|finding|procedure|situation|regime/therapy|qualifier value|substance"
    r"|morphologic abnormality|organism|person)\)$"
)
_NAMES = uuid.UUID("0d6b3d5a-2f0b-4a63-8f1b-0f3c5b6a9c02")


def _own_id(person: Member, id: str) -> str:
    return str(uuid.uuid5(_NAMES, f"{person.key}/{id}"))


class Rewriter:
    """Gives resources to this patient and this hospital's people."""

    def __init__(self, person: Member, patient: Resource, kept: Sequence[Resource]) -> None:
        self.person = person
        self.ids = {item["id"]: _own_id(person, item["id"]) for item in kept}
        self.targets = {
            f"urn:uuid:{item['id']}": f"{item['resourceType']}/{self.ids[item['id']]}"
            for item in kept
        }
        name = patient["name"][0]
        self.given, self.family = name["given"][0], name["family"]
        self.patient_urn = f"urn:uuid:{patient['id']}"

    def rewrite(self, resource: Resource) -> Resource:
        """The resource under its own id, with references that this server can resolve."""
        kind = resource["resourceType"]
        body = {
            key: self._walk(value) for key, value in resource.items() if key not in ("id", "meta")
        }
        body = {key: value for key, value in body.items() if value not in (None, [], {})}
        body["id"] = self.ids[resource["id"]]
        if kind == "Encounter":
            self._visit(body)
        elif kind == "MedicationRequest":
            self._prescription(body)
        elif kind == "DiagnosticReport":
            body["performer"] = [{"display": "Laboratory"}]
        elif kind == "DocumentReference":
            self._note(body)
        if body.get("code") == {}:
            del body["code"]
        return body

    def _walk(self, node: Any) -> Any:
        if isinstance(node, list):
            walked = [self._walk(value) for value in node]
            return [value for value in walked if value not in (None, {})]
        if not isinstance(node, dict):
            return _SEMANTIC_TAG.sub("", node) if isinstance(node, str) else node
        if "reference" in node:
            return self._reference(str(node["reference"]))
        return {key: value for key, item in node.items() if (value := self._walk(item)) is not None}

    def _reference(self, urn: str) -> Resource | None:
        """Where a reference goes: to the patient, to a kept resource, or away."""
        if urn == self.patient_urn:
            return {"reference": f"Patient/{self.person.reference}"}
        target = self.targets.get(urn)
        return {"reference": target} if target else None

    def _visit(self, body: Resource) -> None:
        body.pop("location", None)
        body["serviceProvider"] = {"reference": "Organization/sample-hospital"}
        emergency = (body.get("class") or {}).get("code") == "EMER"
        doctor = EMERGENCY if emergency else PHYSICIAN
        body["participant"] = [{"individual": {
            "reference": f"Practitioner/{doctor.reference}", "display": doctor.display,
        }}]  # fmt: skip
        body["reasonCode"] = [
            reason for reason in body.get("reasonCode") or [] if "_" not in str(reason.get("text"))
        ]
        if not body["reasonCode"]:
            del body["reasonCode"]

    def _prescription(self, body: Resource) -> None:
        body["requester"] = {
            "reference": f"Practitioner/{PHYSICIAN.reference}",
            "display": PHYSICIAN.display,
        }
        doses = body.get("dosageInstruction") or []
        for dose in doses:
            if words := _dose_text(dose):
                dose.setdefault("text", words)

    def _note(self, body: Resource) -> None:
        body["author"] = [{"reference": f"Practitioner/{PHYSICIAN.reference}",
                           "display": PHYSICIAN.display}]  # fmt: skip
        attachment = body["content"][0]["attachment"]
        note = _note_text(base64.b64decode(attachment["data"]).decode())
        note = note.replace(self.given, self.person.name.given)
        attachment["data"] = base64.b64encode(note.encode()).decode()


def _note_text(note: str) -> str:
    """A clinician's note without the sections that the package fills from its own country.

    Its lists of allergies and medications know nothing of this story, so they would contradict it.
    """
    date, *sections = re.split(r"^#+ ", note, flags=re.MULTILINE)
    kept = []
    for section in sections:
        title, _, text = section.partition("\n")
        if title.strip() in ("Social History", "Allergies", "Medications"):
            continue
        lines = [line for line in text.splitlines() if not LEFT_OUT.search(line) or "  " in line]
        words = " ".join(lines) if "History" in title else "\n".join(lines)
        words = re.sub(r"-old (non )?hispanic \w+ ", "-old ", words)
        words = re.sub(r" Patient has a history of .*", "", words)
        words = re.sub(
            r" \((disorder|finding|situation|procedure|substance|morphologic abnormality"
            r"|record artifact)\)",
            "",
            words,
        )
        if words.strip():
            kept.append(f"{title.strip()}\n{words.strip()}\n")
    return date.strip() + "\n\n" + "\n".join(kept)


def _dose_text(dose: Resource) -> str:
    """A dosage in words, from its timing and quantity."""
    repeat = (dose.get("timing") or {}).get("repeat") or {}
    quantity = next(
        (rate["doseQuantity"].get("value") for rate in dose.get("doseAndRate") or []
         if "doseQuantity" in rate), None,
    )  # fmt: skip
    units = {"d": "day", "h": "hour", "wk": "week", "mo": "month"}
    words = [f"{quantity:g}" if isinstance(quantity, int | float) else ""]
    if frequency := repeat.get("frequency"):
        unit = units.get(str(repeat.get("periodUnit")), "day")
        period = repeat.get("period") or 1
        words.append(
            f"{frequency} time{'s' if frequency != 1 else ''} "
            + (f"a {unit}" if period == 1 else f"every {period:g} {unit}s")
        )
    elif dose.get("asNeededBoolean"):
        words.append("as needed")
    return " · ".join(filter(None, words))
