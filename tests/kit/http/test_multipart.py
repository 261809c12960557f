import pytest
from hypothesis import given
from hypothesis import strategies as st

from vesalius.kit.errors import Invalid
from vesalius.kit.http.multipart import (
    MultipartReader,
    MultipartWriter,
    PartBegun,
    PartData,
    PartEnded,
    boundary_of,
)
from vesalius.kit.http.negotiation import parse_media_type


def read(message: bytes, boundary: bytes = b"b", *, pieces: int = 1 << 20, **limits):
    """All parts of a message fed in pieces: [(headers, bytes)]."""
    reader = MultipartReader(boundary, **limits)
    parts: list[tuple[dict, bytearray]] = []
    ended = 0
    for start in range(0, len(message), pieces):
        for event in reader.feed(message[start : start + pieces]):
            match event:
                case PartBegun(headers):
                    assert ended == len(parts)
                    parts.append((dict(headers), bytearray()))
                case PartData(chunk):
                    parts[-1][1].extend(chunk)
                case PartEnded():
                    ended += 1
    reader.close()
    assert ended == len(parts)
    return [(headers, bytes(body)) for headers, body in parts]


class TestMultipartReader:
    @pytest.mark.parametrize("pieces", [1, 2, 3, 7, 1000])
    def test_reads_parts_however_they_arrive(self, pieces):
        message = (
            b"preamble\r\n--b \r\nContent-Type: application/dicom\r\nX-a:  1\r\n\r\n"
            b"one\r\n--c\r\n--\r\n\r\n--b\r\n\r\n\r\n--b\r\n\r\ntwo\r\n--b--\r\nepilogue --b"
        )

        assert read(message, pieces=pieces) == [
            ({"content-type": "application/dicom", "x-a": "1"}, b"one\r\n--c\r\n--\r\n"),
            ({}, b""),
            ({}, b"two"),
        ]

    @given(
        bodies=st.lists(st.binary(max_size=200) | st.just(b"\r\n--b"[:-1]), max_size=5),
        pieces=st.integers(1, 50),
    )
    def test_gives_back_what_the_writer_wrote(self, bodies, pieces):
        writer = MultipartWriter("application/dicom")
        boundary = boundary_of(parse_media_type(writer.content_type))
        message = b"".join(
            writer.opening([("Content-Type", "application/dicom")]) + body for body in bodies
        )

        parts = read(message + writer.closing, boundary, pieces=pieces)

        assert parts == [({"content-type": "application/dicom"}, body) for body in bodies]

    def test_a_large_part_is_passed_on_without_being_kept(self):
        reader = MultipartReader(b"b")
        list(reader.feed(b"--b\r\n\r\n"))

        for _ in range(100):
            events = list(reader.feed(bytes(65536)))
            assert sum(len(event.chunk) for event in events) > 65000

        assert len(reader._buffer) < 10

    @pytest.mark.parametrize(
        "message",
        [
            b"",
            b"--b\r\n\r\nhalf",
            b"--b\r\n\r\nhalf\r\n--b",
            b"--b\r\nno colon\r\n\r\nx\r\n--b--",
            b"--b\r\n: no name\r\n\r\nx\r\n--b--",
            b"--bxx\r\n\r\nx\r\n--b--",
            b"--b\r\nlong: " + b"x" * 20_000 + b"\r\n\r\n\r\n--b--",
            b"x" * 200_000 + b"\r\n--b--",
        ],
    )
    @pytest.mark.parametrize("pieces", [1, 1 << 20])
    def test_refuses_what_is_cut_or_oversized(self, message, pieces):
        with pytest.raises(Invalid):
            read(message, pieces=pieces)

    def test_counts_its_parts(self):
        message = b"--b\r\n\r\n1\r\n--b\r\n\r\n2\r\n--b--"

        assert len(read(message, most_parts=2)) == 2
        with pytest.raises(Invalid):
            read(message, most_parts=1)


class TestBoundaryOf:
    @pytest.mark.parametrize(
        "text", ["a/b", "a/b; boundary=", f"a/b; boundary={'x' * 71}", 'a/b; boundary="é"']
    )
    def test_refuses_none(self, text):
        with pytest.raises(Invalid):
            boundary_of(parse_media_type(text))
