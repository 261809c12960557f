"""What is chosen for which Accept header."""

import dataclasses

import pytest
from starlette.requests import Request

from vesalius.interfaces.dicomweb.frames import choose_form
from vesalius.interfaces.dicomweb.media_types import DECODABLE, wanted
from vesalius.interfaces.dicomweb.wado_instances import make_plan
from vesalius.kit.errors import Unsupported
from vesalius.standards.dicom.pixels import decodable
from vesalius.stores.archive import InstanceRow

EXPLICIT, IMPLICIT = "1.2.840.10008.1.2.1", "1.2.840.10008.1.2"
JPEG, JPEG_LS, J2K = (f"1.2.840.10008.1.2.4.{n}" for n in ("50", "80", "90"))
MPEG4 = "1.2.840.10008.1.2.4.102"


def accepted(accept: str | None = None, query: bytes = b""):
    headers = [] if accept is None else [(b"accept", accept.encode())]
    request = Request({"type": "http", "headers": headers, "query_string": query})
    return list(wanted(request))


def multipart(media_type: str, syntax: str | None = None) -> str:
    text = f'multipart/related; type="{media_type}"'
    return text if syntax is None else f"{text}; transfer-syntax={syntax}"


class TestWanted:
    def test_the_query_parameter_counts_before_the_header(self):
        chosen = accepted("image/png", b"accept=image/jpeg")

        assert [each.media_type.name for each in chosen] == ["image/jpeg"]

    def test_what_is_refused_is_not_wanted(self):
        assert [e.media_type.name for e in accepted("image/png;q=0, image/jpeg;q=0.1")] == [
            "image/jpeg"
        ]


class TestChooseForm:
    @pytest.mark.parametrize(
        ("accept", "stored", "media_type", "syntax", "decode", "parts"),
        [
            (None, EXPLICIT, "application/octet-stream", EXPLICIT, False, True),
            (None, JPEG, "image/jpeg", JPEG, False, True),
            ("*/*", JPEG_LS, "image/jls", JPEG_LS, False, True),
            (multipart("application/octet-stream"), J2K, "application/octet-stream", EXPLICIT,
             True, True),
            (multipart("application/octet-stream", "*"), J2K, "image/jp2", J2K, False, True),
            (multipart("application/octet-stream", EXPLICIT), IMPLICIT,
             "application/octet-stream", EXPLICIT, False, True),
            (multipart("image/jls", JPEG_LS), JPEG_LS, "image/jls", JPEG_LS, False, True),
            (multipart("image/x-jls"), JPEG_LS, "image/x-jls", JPEG_LS, False, True),
            (multipart("image/jp2", J2K) + ", " + multipart("application/octet-stream"), JPEG_LS,
             "application/octet-stream", EXPLICIT, True, True),
            ("application/octet-stream", EXPLICIT, "application/octet-stream", EXPLICIT, False,
             False),
            ("image/jpeg", JPEG, "image/jpeg", JPEG, False, False),
            (multipart("*/*"), MPEG4, "video/mp4", MPEG4, False, True),
        ],
    )  # fmt: skip
    def test_best_form(self, accept, stored, media_type, syntax, decode, parts):
        form = choose_form(accepted(accept), stored, 1)

        assert dataclasses.astuple(form) == (parts, media_type, syntax, decode)

    @pytest.mark.parametrize(
        ("accept", "stored", "count"),
        [
            (multipart("image/jp2"), JPEG_LS, 1),
            (multipart("image/jpeg"), EXPLICIT, 1),
            (multipart("application/octet-stream", J2K), JPEG_LS, 1),
            (multipart("application/octet-stream"), MPEG4, 1),
            ("application/octet-stream", EXPLICIT, 2),
            ("text/html", EXPLICIT, 1),
        ],
    )
    def test_none(self, accept, stored, count):
        with pytest.raises(Unsupported):
            choose_form(accepted(accept), stored, count)


def row(uid: str, syntax: str) -> InstanceRow:
    blank = {each.name: None for each in dataclasses.fields(InstanceRow)}
    return InstanceRow(**{**blank, "sop_instance_uid": uid, "transfer_syntax_uid": syntax})


class TestMakePlan:
    @pytest.mark.parametrize(
        ("accept", "packing", "transcoded"),
        [
            (None, "multipart", ""),
            (multipart("application/dicom"), "multipart", "ij"),
            (multipart("application/dicom", "*"), "multipart", ""),
            (multipart("application/dicom", EXPLICIT), "multipart", "ij"),
            (multipart("application/dicom", JPEG) + ", " + multipart("application/dicom"),
             "multipart", "i"),
            ("application/zip", "application/zip", ""),
            ("application/zip; transfer-syntax=" + EXPLICIT, "application/zip", "ij"),
        ],
    )  # fmt: skip
    def test_each_instance_as_the_client_takes_it(self, accept, packing, transcoded):
        rows = [row("e", EXPLICIT), row("i", IMPLICIT), row("j", JPEG)]

        plan = make_plan(accepted(accept), rows, alone=False)

        assert (plan.packing, plan.transcoded) == (packing, set(transcoded))

    def test_one_instance_may_come_alone(self):
        plan = make_plan(accepted("application/dicom"), [row("j", JPEG)], alone=True)

        assert (plan.packing, plan.transcoded) == ("application/dicom", {"j"})

    def test_video_goes_out_as_it_is(self):
        plan = make_plan(accepted(multipart("application/dicom")), [row("v", MPEG4)], alone=True)

        assert plan.transcoded == set()

    @pytest.mark.parametrize(
        "accept",
        ["application/dicom", "image/jpeg", multipart("application/dicom", J2K), "text/html"],
    )
    def test_none(self, accept):
        with pytest.raises(Unsupported):
            make_plan(accepted(accept), [row("j", JPEG), row("e", EXPLICIT)], alone=False)


def test_what_is_said_to_be_decodable_is():
    assert all(decodable(syntax) for syntax in DECODABLE)
