"""HTTP content negotiation (RFC 9110 §12): media types, Accept and what to answer with.

choose("text/html;q=0.5, application/json", ["application/json", "text/html"])
→ "application/json"
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from vesalius.kit.errors import Invalid

ACCEPT_CHARACTERS = 8192
RANGES_IN_ACCEPT = 256

_TCHARS = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_TYPE = re.compile(rf"\s*({_TCHARS})/({_TCHARS})\s*")
# `type=application/dicom` is no token (RFC 9110 wants it quoted), but many DICOMweb clients
# write it so: everything up to the next separator is taken.
_PARAMETER = re.compile(rf'\s*;\s*({_TCHARS})\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s";,]*))\s*')
_EMPTY_PARAMETER = re.compile(r"\s*;\s*(?=;|,|$)")
_QUALITY = re.compile(r"(?:0(?:\.\d{0,3})?|1(?:\.0{0,3})?)\Z")


@dataclass(frozen=True, slots=True)
class MediaType:
    """A media type or a range of them (`image/*`), its parameters and, in Accept, its quality."""

    name: str
    parameters: Mapping[str, str] = field(default_factory=dict)
    quality: float = 1.0

    def covers(self, name: str) -> bool:
        """Does this range take in the media type called `name`?"""
        if self.name in ("*/*", name):
            return True
        return self.name.endswith("/*") and name.startswith(self.name[:-1])

    @property
    def specificity(self) -> int:
        """RFC 9110 §12.5.1: the most specific range speaks for a type."""
        if self.name == "*/*":
            return 0
        return 1 if self.name.endswith("/*") else 2 + len(self.parameters)


def parse_media_type(text: str) -> MediaType:
    """One media type as in Content-Type; `Invalid` when it is none."""
    media_type, position = _parse_at(text, 0)
    if position != len(text):
        raise Invalid("The media type cannot be read.")
    return media_type


def parse_accept(text: str | None) -> list[MediaType]:
    """The ranges of an Accept header, best first; nothing said means anything goes."""
    if text is None or not text.strip():
        return [MediaType("*/*")]
    if len(text) > ACCEPT_CHARACTERS:
        raise Invalid("The Accept header is too long.")
    ranges: list[MediaType] = []
    position = 0
    while position < len(text):
        media_type, position = _parse_at(text, position)
        ranges.append(media_type)
        if position < len(text):
            if text[position] != ",":
                raise Invalid("The Accept header cannot be read.")
            position += 1
        if len(ranges) > RANGES_IN_ACCEPT:
            raise Invalid("The Accept header names too many media types.")
    # sorted() is stable, so equals stay in the order the client wrote them.
    return sorted(ranges, key=lambda each: (-each.quality, -each.specificity))


def choose(accept: str | Sequence[MediaType] | None, offered: Iterable[str]) -> str | None:
    """The offered media type the client likes best (ours first among equals), or None."""
    ranges = parse_accept(accept) if accept is None or isinstance(accept, str) else accept
    best: tuple[float, str] | None = None
    for name in offered:
        quality = _quality_of(name, ranges)
        if quality > 0 and (best is None or quality > best[0]):
            best = (quality, name)
    return best[1] if best else None


def accepts_coding(accept_encoding: str | None, coding: str) -> bool:
    """May the answer be sent with this content coding (RFC 9110 §12.5.3)?"""
    if not accept_encoding:
        return False
    wildcard = False
    for item in accept_encoding.split(","):
        name, _, parameter = item.partition(";")
        name = name.strip().lower()
        quality = parameter.replace(" ", "").lower().removeprefix("q=") or "1"
        refused = bool(_QUALITY.match(quality)) and float(quality) == 0
        if name == coding:
            return not refused
        if name == "*":
            wildcard = not refused
    return wildcard


def _quality_of(name: str, ranges: Sequence[MediaType]) -> float:
    covering = [each for each in ranges if each.covers(name)]
    if not covering:
        return 0.0
    return max(covering, key=lambda each: each.specificity).quality


def _parse_at(text: str, position: int) -> tuple[MediaType, int]:
    match = _TYPE.match(text, position)
    if match is None:
        raise Invalid("The media type cannot be read.")
    name = f"{match[1]}/{match[2]}".lower()
    position = match.end()
    parameters: dict[str, str] = {}
    quality = 1.0
    while position < len(text) and text[position] == ";":
        if empty := _EMPTY_PARAMETER.match(text, position):
            position = empty.end()
            continue
        match = _PARAMETER.match(text, position)
        if match is None:
            raise Invalid("A parameter of the media type cannot be read.")
        value = match[3] if match[2] is None else re.sub(r"\\(.)", r"\1", match[2])
        if match[1].lower() == "q":
            if not _QUALITY.match(value):
                raise Invalid("A quality in the Accept header is not between 0 and 1.")
            quality = float(value)
        else:
            parameters.setdefault(match[1].lower(), value)
        position = match.end()
    return MediaType(name, parameters, quality), position
