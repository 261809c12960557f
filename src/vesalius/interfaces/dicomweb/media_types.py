"""DICOM media types (PS3.18 §8.7): what a client accepts, what transfer syntaxes are called."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from starlette.requests import Request

from vesalius.kit.http.negotiation import MediaType, choose, parse_accept

DICOM = "application/dicom"
DICOM_JSON = "application/dicom+json"
JSON = "application/json"
OCTETS = "application/octet-stream"
ZIP = "application/zip"
MULTIPART = "multipart/related"
EXPLICIT = "1.2.840.10008.1.2.1"
NATIVE = frozenset({"1.2.840.10008.1.2", EXPLICIT, "1.2.840.10008.1.2.1.99", "1.2.840.10008.1.2.2"})
# Native frames whose bytes are explicit little endian as they stand (deflated: once inflated).
LITTLE_ENDIAN = NATIVE - {"1.2.840.10008.1.2.2"}
ANY_SYNTAX = "*"

_J = "1.2.840.10008.1.2.4."
# PS3.18 table 8.7.3-5 and the older spellings clients still ask for.
_PIXEL_MEDIA_TYPES: dict[str, tuple[str, ...]] = {
    "1.2.840.10008.1.2.5": ("image/dicom-rle", "image/x-dicom-rle"),
    **{_J + each: ("image/jpeg",) for each in ("50", "51", "57", "70")},
    **{_J + each: ("image/jls", "image/x-jls") for each in ("80", "81")},
    **{_J + each: ("image/jp2",) for each in ("90", "91")},
    **{_J + each: ("image/jpx",) for each in ("92", "93")},
    **{_J + each: ("image/jxl",) for each in ("110", "111", "112")},
    **{_J + each: ("image/jphc",) for each in ("201", "202", "203")},
    **{_J + each: ("video/mpeg", "video/mpeg2") for each in ("100", "100.1", "101", "101.1")},
    **{
        _J + each: ("video/mp4",)
        for each in ("102", "102.1", "103", "103.1", "104", "104.1", "105", "105.1", "106")
    },
    **{_J + each: ("video/mp4",) for each in ("106.1", "107", "108")},
}


# What the workers can decode (`standards.dicom.pixels`, kept out of this process for its weight).
DECODABLE = (
    NATIVE
    | frozenset(
        syntax for syntax, names in _PIXEL_MEDIA_TYPES.items() if names[0].startswith("image/")
    )
    | {"1.2.840.10008.1.2.1.98", "1.2.840.10008.1.2.8.1"}
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """One thing the client would take: packed in parts or alone, of a type, in a syntax.

    `transfer_syntax_uid` is a UID, `*` for whatever it is stored in, or None when not said.
    """

    multipart: bool
    single: bool
    media_type: MediaType
    transfer_syntax_uid: str | None


def accepted(request: Request) -> str:
    """What the client accepts, as it says it.

    The `accept` query parameter counts before the header (PS3.18 §8.3.3.1).
    """
    if request.scope["query_string"] and (asked := request.query_params.get("accept")):
        return asked
    values = [value for name, value in request.scope["headers"] if name == b"accept"]
    return b",".join(values).decode("latin-1")


def wanted(request: Request) -> Sequence[Wanted]:
    """What the client accepts, best first."""
    return wanted_of(accepted(request))


@lru_cache(maxsize=256)
def wanted_of(asked: str) -> Sequence[Wanted]:
    """The media types of an Accept header, best first; few are ever asked for."""
    return tuple(filter(None, map(_wanted, parse_accept(asked))))


def _wanted(each: MediaType) -> Wanted | None:
    if each.quality <= 0:
        return None
    syntax = each.parameters.get("transfer-syntax")
    if each.name == MULTIPART:
        inner = MediaType(each.parameters.get("type", "*/*").lower())
        return Wanted(True, False, inner, syntax)
    if each.name == "multipart/*":
        return Wanted(True, False, MediaType("*/*"), syntax)
    return Wanted(each.name == "*/*", True, each, syntax)


def chosen(request: Request, *offered: str) -> str | None:
    """The one of these media types that the client likes best, or None."""
    return _best(accepted(request), offered)


@lru_cache(maxsize=256)
def _best(asked: str, offered: tuple[str, ...]) -> str | None:
    return choose(asked, offered)


def pixel_media_types(transfer_syntax_uid: str) -> tuple[str, ...]:
    """What frames stored in a transfer syntax are called, our choice first."""
    if transfer_syntax_uid in NATIVE:
        return (OCTETS,)
    return _PIXEL_MEDIA_TYPES.get(transfer_syntax_uid, (OCTETS,))


def with_syntax(media_type: str, transfer_syntax_uid: str) -> str:
    """The media type as it stands in an answer."""
    return f"{media_type}; transfer-syntax={transfer_syntax_uid}"
