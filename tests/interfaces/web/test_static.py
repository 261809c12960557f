"""The built application: its files, its pages, and nothing else of the disk."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from tests.interfaces.web.asking import browser
from vesalius.app import House
from vesalius.interfaces.web import static

SCRIPT = b"console.log('built')" * 100


@pytest.fixture
def dist(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What `make web` leaves, in small."""
    folder = tmp_path / "dist"
    for name, content in {
        "app/index.html": b"<title>application</title>",
        "app/assets/index-DdYx3k2A.js": SCRIPT,
        "app/assets/index-DdYx3k2A.js.br": b"brotli",
        "app/assets/index-DdYx3k2A.js.gz": b"gzip",
        "viewer/index.html": b"<title>viewer</title>",
        "viewer/0123456789abcdef/app.js": SCRIPT,
        "viewer/some-components.js": SCRIPT,
        "secret.txt": b"secret",
    }.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    monkeypatch.setattr(static, "DIST", folder)
    return folder


@pytest.fixture
async def client(house: House, dist: Path) -> AsyncIterator[httpx.AsyncClient]:
    async with browser(house) as opened:
        opened.headers["Accept-Encoding"] = "identity"
        yield opened


class TestPages:
    @pytest.mark.parametrize("path", ["/", "/patients/1", "/reading", "/setup?token=x.y"])
    async def test_of_the_application(self, client: httpx.AsyncClient, path: str) -> None:
        response = await client.get(path)
        assert response.status_code == 200
        assert "application" in response.text
        assert response.headers["content-type"].startswith("text/html")
        assert response.headers["cache-control"] == "no-cache"

    @pytest.mark.parametrize("path", ["/viewer/", "/viewer/viewer?StudyInstanceUIDs=1.2"])
    async def test_of_the_viewer(self, client: httpx.AsyncClient, path: str) -> None:
        assert "viewer" in (await client.get(path)).text

    async def test_the_viewer_has_a_slash(self, client: httpx.AsyncClient) -> None:
        response = await client.get("/viewer")
        assert response.headers["location"] == "/viewer/"


class TestFiles:
    @pytest.mark.parametrize(
        ("accepts", "coding", "body"),
        [("br, gzip", "br", b"brotli"), ("gzip", "gzip", b"gzip"), ("identity", None, SCRIPT)],
    )
    async def test_come_compressed_as_asked(
        self, client: httpx.AsyncClient, accepts: str, coding: str | None, body: bytes
    ) -> None:
        request = client.build_request(
            "GET", "/assets/index-DdYx3k2A.js", headers={"Accept-Encoding": accepts}
        )
        response = await client.send(request, stream=True)
        raw = b"".join([chunk async for chunk in response.aiter_raw()])
        assert raw == body
        assert response.headers.get("content-encoding") == coding
        assert "javascript" in response.headers["content-type"]
        assert response.headers["vary"] == "Accept-Encoding"

    @pytest.mark.parametrize(
        ("path", "kept"),
        [
            ("/assets/index-DdYx3k2A.js", True),
            ("/viewer/0123456789abcdef/app.js", True),
            ("/viewer/some-components.js", False),
        ],
    )
    async def test_with_their_hash_in_the_name_are_kept(
        self, client: httpx.AsyncClient, path: str, kept: bool
    ) -> None:
        response = await client.get(path)
        assert ("immutable" in response.headers["cache-control"]) is kept

    async def test_that_did_not_change_are_not_sent_again(self, client: httpx.AsyncClient) -> None:
        first = await client.get("/viewer/some-components.js")
        again = await client.get(
            "/viewer/some-components.js", headers={"If-None-Match": first.headers["etag"]}
        )
        assert (again.status_code, again.content) == (304, b"")

    async def test_that_are_missing_are_no_pages(self, client: httpx.AsyncClient) -> None:
        assert (await client.get("/assets/gone.js")).status_code == 404

    @pytest.mark.parametrize(
        "path",
        [
            "/../secret.txt",
            "/%2e%2e/secret.txt",
            "/..%2fsecret.txt",
            "/assets/%2e%2e/%2e%2e/secret.txt",
            "/viewer/%2e%2e/secret.txt",
            "//etc/passwd",
            "/%2fetc%2fpasswd",
        ],
    )
    async def test_of_elsewhere_are_out_of_reach(
        self, client: httpx.AsyncClient, path: str
    ) -> None:
        response = await client.get(f"http://vesalius.test{path}")
        assert b"secret" not in response.content
        assert b"root:" not in response.content


class TestUnbuilt:
    async def test_says_what_to_do(
        self, house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(static, "DIST", tmp_path)
        async with browser(house) as client:
            response = await client.get("/")
        assert response.status_code == 503
        assert "make web" in response.text
