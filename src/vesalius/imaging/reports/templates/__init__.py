"""Report templates by procedure, one JSON file each.

A section's `from` says what a new draft begins with: the order's indication, the procedure, or
the prior study compared with.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import orjson

from vesalius.kit.errors import NotFound

Text = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Macro:
    """A sentence for a key."""

    key: str
    text: Text


@dataclass(frozen=True, slots=True)
class Section:
    """One heading of a report."""

    id: str
    title: Text
    required: bool
    source: str | None
    macros: tuple[Macro, ...]


@dataclass(frozen=True, slots=True)
class Template:
    """The headings of one kind of report."""

    id: str
    modalities: tuple[str, ...]
    body_parts: tuple[str, ...]
    title: Text
    sections: tuple[Section, ...]

    def fitness(self, modality: str, body_part: str) -> int:
        """How well it fits a study: 0 not at all, 3 by modality and body part."""
        if modality not in self.modalities:
            return 0
        if not self.body_parts:
            return 2
        return 3 if body_part in self.body_parts else 1


@cache
def all_templates() -> Mapping[str, Template]:
    """Every template by id."""
    found = {}
    for file in files(__package__).iterdir():
        if file.name.endswith(".json"):
            template = _template(orjson.loads(file.read_bytes()))
            found[template.id] = template
    return dict(sorted(found.items()))


def templates_for(modality: str | None, body_part: str | None) -> list[Template]:
    """The templates, the one that fits a study best first; all of them, for any may be chosen."""
    return sorted(
        all_templates().values(),
        key=lambda t: (-t.fitness(modality or "", (body_part or "").upper()), t.id),
    )


def template(id: str) -> Template:
    """A template by id; NotFound when there is none."""
    if (found := all_templates().get(id)) is None:
        raise NotFound("there is no such report template")
    return found


def say(text: Text, language: str) -> str:
    """A text in a language, else in English."""
    return text.get(language) or text["en"]


def _template(raw: dict) -> Template:  # type: ignore[type-arg]
    sections = tuple(
        Section(
            id=section["id"],
            title=section["title"],
            required=section["required"],
            source=section["from"],
            macros=tuple(Macro(**macro) for macro in section["macros"]),
        )
        for section in raw["sections"]
    )
    return Template(
        id=raw["id"],
        modalities=tuple(raw["modalities"]),
        body_parts=tuple(raw["body_parts"]),
        title=raw["title"],
        sections=sections,
    )
