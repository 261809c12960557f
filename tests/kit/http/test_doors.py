"""What stands before every door: who is spoken for, which application, which headers, how much."""

import httpx
import pytest
from starlette.types import ASGIApp, Receive, Scope, Send

from vesalius.kit.http.authentication import Authentication, Credentials
from vesalius.kit.http.forwarding import Forwarding
from vesalius.kit.http.mounting import Mounting
from vesalius.kit.http.protection import HEADERS, HSTS, Protection


def ask(application: ASGIApp, client: str = "127.0.0.1") -> httpx.AsyncClient:
    transport = httpx.ASGITransport(application, client=(client, 1))
    return httpx.AsyncClient(transport=transport, base_url="http://house")


def named(name: str, *headers: tuple[bytes, bytes]) -> ASGIApp:
    """An application that says its name, where it stands, and whom it takes for the client."""

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        text = f"{name} {scope['root_path']} {scope['path']} {scope['scheme']} {scope['client'][0]}"
        await send({"type": "http.response.start", "status": 200, "headers": list(headers)})
        await send({"type": "http.response.body", "body": text.encode()})

    return application


async def swallow(scope: Scope, receive: Receive, send: Send) -> None:
    """An application that reads its body and says how much it was."""
    size, more = 0, True
    while more:
        message = await receive()
        size += len(message.get("body", b""))
        more = message.get("more_body", False)
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": str(size).encode()})


class TestForwarding:
    @pytest.mark.parametrize(
        ("client", "headers", "scheme", "address"),
        [
            ("127.0.0.1", {}, "http", "127.0.0.1"),
            ("127.0.0.1", {"X-Forwarded-Proto": "https"}, "https", "127.0.0.1"),
            ("127.0.0.1", {"X-Forwarded-For": "192.0.2.7"}, "http", "192.0.2.7"),
            ("192.0.2.1", {"X-Forwarded-For": "10.0.0.1"}, "http", "192.0.2.1"),
            ("192.0.2.1", {"X-Forwarded-Proto": "https"}, "http", "192.0.2.1"),
        ],
    )
    async def test_only_a_trusted_proxy_speaks_for_others(self, client, headers, scheme, address):
        async with ask(Forwarding(named("a"), "127.0.0.1"), client) as asking:
            answer = await asking.get("/", headers=headers)

        assert answer.text.split()[-2:] == [scheme, address]


class TestMounting:
    @pytest.mark.parametrize(
        ("path", "answer"),
        [
            ("/dicomweb/studies", "inner /dicomweb /dicomweb/studies"),
            ("/dicomweb/", "inner /dicomweb /dicomweb/"),
            ("/dicomweb", "rest  /dicomweb"),
            ("/dicomwebs/", "rest  /dicomwebs/"),
            ("/", "rest  /"),
            ("/a/dicomweb/", "rest  /a/dicomweb/"),
        ],
    )
    async def test_by_how_the_path_begins(self, path, answer):
        doors = Mounting({"/dicomweb": named("inner")}, named("rest"))
        async with ask(doors) as asking:
            text = (await asking.get(path)).text

        assert text.removesuffix(" http 127.0.0.1") == answer


class TestProtection:
    async def test_all_answers_have_the_headers_once(self):
        own = ((b"x-frame-options", b"DENY"), (b"etag", b'"1"'))
        async with ask(Protection(named("a", *own))) as asking:
            answer = await asking.get("/")

        expected = {**HEADERS, "x-frame-options": "DENY", "cache-control": "no-cache"}
        assert {name: answer.headers.get_list(name) for name in expected} == {
            name: [value] for name, value in expected.items()
        }
        assert "strict-transport-security" not in answer.headers

    async def test_what_has_no_validator_is_not_kept_and_https_stays(self):
        application = Forwarding(Protection(named("a")), "127.0.0.1")
        async with ask(application) as asking:
            answer = await asking.get("/", headers={"X-Forwarded-Proto": "https"})

        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["strict-transport-security"] == HSTS

    @pytest.mark.parametrize(("size", "status"), [(0, 200), (10, 200), (11, 413)])
    @pytest.mark.parametrize("declared", [True, False])
    async def test_a_body_has_a_limit_declared_or_not(self, size, status, declared):
        async def chunks():
            yield b"x" * size

        async with ask(Protection(swallow, lambda path: 10)) as asking:
            content = b"x" * size if declared else chunks()
            answer = await asking.post("/", content=content)

        assert answer.status_code == status
        assert answer.headers["x-content-type-options"] == "nosniff"
        if status == 413:
            assert answer.headers["connection"] == "close"

    async def test_a_path_may_have_no_limit(self):
        async with ask(Protection(swallow, lambda path: None)) as asking:
            answer = await asking.post("/", content=b"x" * 100)

        assert answer.text == "100"


class TestAuthentication:
    async def test_reads_what_a_request_carries(self):
        seen: list[Credentials] = []

        async def resolve(credentials: Credentials) -> object | None:
            seen.append(credentials)
            return None

        async with ask(Authentication(named("a"), resolve), "192.0.2.9") as asking:
            await asking.get("/", headers={"Authorization": "bearer  abc "})
            cookie = {"Cookie": "other=1; vesalius_session=s", "X-CSRF-Token": "t"}
            await asking.post("/", headers=cookie)
            await asking.get("/")

        assert seen == [
            Credentials("GET", bearer="abc", address="192.0.2.9"),
            Credentials("POST", cookie="s", csrf_token="t", address="192.0.2.9"),
            Credentials("GET", address="192.0.2.9"),
        ]
