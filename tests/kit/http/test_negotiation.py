import pytest

from vesalius.kit.errors import Invalid
from vesalius.kit.http.negotiation import accepts_coding, choose, parse_accept, parse_media_type


class TestParseMediaType:
    def test_reads_quoted_and_bare_parameters(self):
        quoted = parse_media_type('multipart/related; type="application/dicom"; boundary="a\\"b"')
        bare = parse_media_type("Multipart/Related;TYPE=application/dicom;;boundary=x")

        assert quoted.name == bare.name == "multipart/related"
        assert quoted.parameters == {"type": "application/dicom", "boundary": 'a"b'}
        assert bare.parameters == {"type": "application/dicom", "boundary": "x"}

    @pytest.mark.parametrize(
        "text", ["", "text", "text/", "/html", "a/b; c", 'a/b; c="d', "a/b, c/d", "a/b c"]
    )
    def test_refuses_what_is_none(self, text):
        with pytest.raises(Invalid):
            parse_media_type(text)


class TestParseAccept:
    def test_best_quality_then_most_specific_then_as_written(self):
        ranges = parse_accept("a/b;q=0.5, */*, c/*, d/e, f/g; level=1, h/i;q=0")

        assert [each.name for each in ranges] == ["f/g", "d/e", "c/*", "*/*", "a/b", "h/i"]

    def test_a_comma_inside_quotes_is_no_separator(self):
        ranges = parse_accept('a/b; note="x, y", c/d')

        assert [each.name for each in ranges] == ["a/b", "c/d"]
        assert ranges[0].parameters == {"note": "x, y"}

    @pytest.mark.parametrize("text", [None, "", "  "])
    def test_nothing_said_is_anything(self, text):
        assert [each.name for each in parse_accept(text)] == ["*/*"]

    @pytest.mark.parametrize("text", ["a/b;q=2", "a/b;q=x", "a/b c/d", "a" * 9000, "a/b," * 300])
    def test_refuses_what_cannot_be_read(self, text):
        with pytest.raises(Invalid):
            parse_accept(text)


class TestChoose:
    @pytest.mark.parametrize(
        ("accept", "offered", "chosen"),
        [
            (None, ["x/a", "x/b"], "x/a"),
            ("x/b", ["x/a", "x/b"], "x/b"),
            ("x/*;q=0.5, x/b", ["x/a", "x/b"], "x/b"),
            ("*/*, x/a;q=0", ["x/a", "x/b"], "x/b"),
            ("x/a;q=0.1, x/b;q=0.2", ["x/a", "x/b"], "x/b"),
            ("y/*", ["x/a", "x/b"], None),
            ("x/a;q=0", ["x/a"], None),
        ],
    )
    def test_takes_the_best_loved(self, accept, offered, chosen):
        assert choose(accept, offered) == chosen


class TestAcceptsCoding:
    @pytest.mark.parametrize(
        ("header", "answer"),
        [
            (None, False),
            ("gzip", True),
            ("br, GZIP;q=0.5", True),
            ("gzip;q=0", False),
            ("gzip; q=0.000, *", False),
            ("*", True),
            ("identity", False),
            ("*;q=0", False),
        ],
    )
    def test_follows_the_header(self, header, answer):
        assert accepts_coding(header, "gzip") is answer
