"""The HTTP connection, on real sockets, spoken to byte by byte."""

import asyncio
import hashlib
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

from vesalius.kit.http.connection import HEAD_BYTES, PIPELINED, HttpConnection
from vesalius.kit.http.exchange import PIECES

MIB = 1024 * 1024


class Client:
    """One connection, read and written by hand."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    def send(self, text: str | bytes) -> None:
        self.writer.write(text.encode() if isinstance(text, str) else text)

    def get(self, path: str, *headers: str, method: str = "GET", version: str = "1.1") -> None:
        lines = [f"{method} {path} HTTP/{version}", "Host: house", *headers, "", ""]
        self.send("\r\n".join(lines))

    async def head(self) -> tuple[int, dict[str, str]]:
        """Status and headers of the next answer."""
        text = (await self.reader.readuntil(b"\r\n\r\n")).decode()
        first, *lines = text.strip().split("\r\n")
        headers = dict(line.split(": ", 1) for line in lines)
        return int(first.split()[1]), headers

    async def answer(self) -> tuple[int, dict[str, str], bytes]:
        """The next answer, whole."""
        status, headers = await self.head()
        if "content-length" in headers:
            body = await self.reader.readexactly(int(headers["content-length"]))
        else:
            body = await self.chunks()
        return status, headers, body

    async def chunks(self) -> bytes:
        body = b""
        while size := int(await self.reader.readline(), 16):
            body += await self.reader.readexactly(size)
            await self.reader.readline()
        await self.reader.readline()
        return body

    async def closed(self) -> bool:
        """Whether the server closes, having sent nothing more."""
        return await self.reader.read() == b""


class House:
    """A server with one application, and what it counts."""

    def __init__(self, application: ASGIApp, **options: int) -> None:
        config = uvicorn.Config(
            application, http=HttpConnection, lifespan="off", log_config=None, ws="none",
            server_header=False, proxy_headers=False, **options,
        )  # fmt: skip
        self.server = uvicorn.Server(config)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self._clients: list[Client] = []

    @property
    def state(self) -> uvicorn.server.ServerState:
        return self.server.server_state

    async def connect(self, receive_bytes: int | None = None) -> Client:
        raw = socket.socket()
        raw.setblocking(False)
        if receive_bytes is not None:
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
        await asyncio.get_running_loop().sock_connect(raw, ("127.0.0.1", self.port))
        client = Client(*await asyncio.open_connection(sock=raw, limit=64 * 1024))
        self._clients.append(client)
        return client

    def leave(self) -> None:
        """Every client goes."""
        for client in self._clients:
            client.writer.transport.abort()


@asynccontextmanager
async def serving(application: ASGIApp, **options: int) -> AsyncIterator[House]:
    house = House(application, **options)
    running = asyncio.create_task(house.server._serve([house.listener]))
    while not (house.server.started and house.state.default_headers):
        await asyncio.sleep(0.005)
    try:
        async with asyncio.timeout(30):
            yield house
    finally:
        house.server.should_exit = True
        house.leave()
        await running


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.005)


async def say(send: Send, body: bytes, *, status: int = 200) -> None:
    headers = [(b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def read_all(receive: Receive) -> bytes:
    body, more = b"", True
    while more:
        message = await receive()
        assert message["type"] == "http.request"
        body += message["body"]
        more = message["more_body"]
    return body


async def path_back(scope: Scope, receive: Receive, send: Send) -> None:
    await say(send, f"{scope['method']} {scope['path']}?{scope['query_string'].decode()}".encode())


async def body_back(scope: Scope, receive: Receive, send: Send) -> None:
    await say(send, await read_all(receive))


class TestRequests:
    async def test_one_connection_carries_many(self):
        async with serving(path_back) as house:
            client = await house.connect()
            for number in range(5):
                client.get(f"/{number}")
                status, headers, body = await client.answer()
                assert (status, body) == (200, f"GET /{number}?".encode())
                assert headers["date"].endswith("GMT")
                assert "connection" not in headers

            assert len(house.state.connections) == 1
            assert house.state.total_requests == 5

    async def test_a_head_that_comes_byte_by_byte(self):
        async with serving(path_back) as house:
            client = await house.connect()
            for byte in b"GET /slow?a=1 HTTP/1.1\r\nHost: house\r\n\r\n":
                client.send(bytes([byte]))
                await client.writer.drain()

            assert (await client.answer())[2] == b"GET /slow?a=1"

    @pytest.mark.parametrize(
        ("target", "path"),
        [
            ("/a%20b/c?d=%20", b"GET /a b/c?d=%20"),
            ("http://house/a?b", b"GET /a?b"),
            ("http://house", b"GET /?"),
            ("/a?b#c", b"GET /a?b"),
        ],
    )
    async def test_targets(self, target, path):
        async with serving(path_back) as house:
            client = await house.connect()
            client.get(target)

            assert (await client.answer())[2] == path

    async def test_scope_says_who_and_what(self):
        seen: list[Scope] = []

        async def application(scope: Scope, receive: Receive, send: Send) -> None:
            seen.append(scope)
            await say(send, b"")

        async with serving(application) as house:
            client = await house.connect()
            client.get("/%C3%A4", "X-Thing: One", "X-Thing: Two")
            await client.answer()

            (scope,) = seen
            assert scope["path"] == "/ä"
            assert scope["raw_path"] == b"/%C3%A4"
            assert scope["client"] == client.writer.get_extra_info("sockname")
            assert scope["server"] == ("127.0.0.1", house.port)
            assert scope["scheme"] == "http"
            named = [value for name, value in scope["headers"] if name == b"x-thing"]
            assert named == [b"One", b"Two"]

    async def test_pipelined_are_answered_one_after_the_other(self):
        running = most = 0

        async def application(scope: Scope, receive: Receive, send: Send) -> None:
            nonlocal running, most
            running += 1
            most = max(most, running)
            body = await read_all(receive)
            await asyncio.sleep(0)
            await say(send, scope["path"].encode() + body)
            running -= 1

        count = PIPELINED * 3
        async with serving(application) as house:
            client = await house.connect()
            for number in range(count):
                client.get(f"/{number}", "Content-Length: 2", method="POST")
                client.send("ok")
            got = [(await client.answer())[2] for _ in range(count)]

            assert got == [f"/{number}ok".encode() for number in range(count)]
            assert most == 1

    async def test_chunked_body_without_its_trailers(self):
        async def application(scope: Scope, receive: Receive, send: Send) -> None:
            body = await read_all(receive)
            names = b" ".join(name for name, _ in scope["headers"])
            await say(send, body + b"|" + names)

        async with serving(application) as house:
            client = await house.connect()
            client.get("/", "Transfer-Encoding: chunked", method="POST")
            client.send("3\r\nabc\r\n5;ext=1\r\ndefgh\r\n0\r\nX-Late: 1\r\n\r\n")

            assert (await client.answer())[2] == b"abcdefgh|host transfer-encoding"

            client.get("/", "Content-Length: 1", method="POST")
            client.send("x")
            assert (await client.answer())[2] == b"x|host content-length"

    async def test_version_1_0_closes_and_is_not_chunked(self):
        async def application(scope: Scope, receive: Receive, send: Send) -> None:
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b"un", "more_body": True})
            await send({"type": "http.response.body", "body": b"known"})

        async with serving(application) as house:
            client = await house.connect()
            client.get("/", version="1.0")
            _, headers = await client.head()

            assert headers["connection"] == "close"
            assert "transfer-encoding" not in headers
            assert await client.reader.read() == b"unknown"

    async def test_connection_close_is_kept(self):
        async with serving(path_back) as house:
            client = await house.connect()
            client.get("/", "Connection: close")
            _, headers, _ = await client.answer()

            assert headers["connection"] == "close"
            assert await client.closed()

    async def test_an_upgrade_is_answered_as_it_stands(self):
        async with serving(path_back) as house:
            client = await house.connect()
            client.get("/", "Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c")
            status, headers, _ = await client.answer()

            assert (status, headers["connection"]) == (200, "close")
            assert await client.closed()


class TestExpectContinue:
    async def test_the_client_is_told_to_go_on_when_the_body_is_wanted(self):
        async with serving(body_back) as house:
            client = await house.connect()
            client.get("/", "Expect: 100-continue", "Content-Length: 4", method="POST")
            assert await client.head() == (100, {})
            client.send("body")

            assert (await client.answer())[2] == b"body"
            client.get("/")
            assert (await client.answer())[0] == 200

    async def test_an_answer_without_it_ends_the_connection(self):
        async with serving(path_back) as house:
            client = await house.connect()
            client.get("/", "Expect: 100-continue", "Content-Length: 4", method="POST")
            status, headers, _ = await client.answer()

            assert (status, headers["connection"]) == (200, "close")
            assert await client.closed()


class TestAnswers:
    async def test_head_has_the_length_and_no_body(self):
        async with serving(path_back) as house:
            client = await house.connect()
            client.get("/", method="HEAD")
            status, headers = await client.head()
            assert (status, headers["content-length"]) == (200, str(len("HEAD /?")))

            client.get("/next")
            assert (await client.answer())[2] == b"GET /next?"

    async def test_head_of_pieces_and_streams(self):
        async def application(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["path"] == "/pieces":
                headers = [(b"content-length", b"6")]
                await send({"type": "http.response.start", "status": 200, "headers": headers})
                await send({"type": PIECES, "pieces": [b"abc", b"def"]})
                return
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b"x", "more_body": True})
            await send({"type": "http.response.body"})

        async with serving(application) as house:
            client = await house.connect()
            for path in ("/pieces", "/stream", "/pieces"):
                client.get(path, method="HEAD")
                assert (await client.head())[0] == 200
            client.get("/pieces")
            assert (await client.answer())[2] == b"abcdef"

    @pytest.mark.parametrize("status", [204, 304])
    async def test_statuses_that_have_no_body(self, status):
        async def application(scope: Scope, receive: Receive, send: Send) -> None:
            await send({"type": "http.response.start", "status": status, "headers": []})
            await send({"type": "http.response.body"})

        async with serving(application) as house:
            client = await house.connect()
            for _ in range(2):
                client.get("/")
                got, headers = await client.head()
                assert got == status
                assert not {"content-length", "transfer-encoding"} & set(headers)

    async def test_a_stream_is_chunked_and_comes_as_it_is_made(self):
        go_on = asyncio.Event()

        async def application(scope: Scope, receive: Receive, send: Send) -> None:
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await go_on.wait()
            for chunk in (b"one", b"", b"two"):
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
            await send({"type": "http.response.body"})

        async with serving(application) as house:
            client = await house.connect()
            client.get("/")
            # The head does not wait for the body.
            _, headers = await client.head()
            assert headers["transfer-encoding"] == "chunked"
            go_on.set()
            assert await client.chunks() == b"onetwo"

    async def test_head_and_body_leave_together(self):
        async with serving(path_back) as house:
            loop = asyncio.get_running_loop()
            with socket.create_connection(("127.0.0.1", house.port)) as raw:
                raw.setblocking(False)
                for _ in range(10):
                    await loop.sock_sendall(raw, b"GET / HTTP/1.1\r\nHost: house\r\n\r\n")
                    first = await loop.sock_recv(raw, 65536)
                    assert first.startswith(b"HTTP/1.1 200")
                    assert first.endswith(b"GET /?")

    async def test_pieces_arrive_whole(self):
        pieces = [b"head", bytearray(b"x" * 3 * MIB), memoryview(b"y" * 3 * MIB)[1:], b"tail"]
        whole = b"".join(pieces)

        async def application(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["path"] == "/known":
                headers = [(b"content-length", str(len(whole)).encode())]
            else:
                headers = []
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            await send({"type": PIECES, "pieces": pieces})

        async with serving(application) as house:
            client = await house.connect()
            for path in ("/known", "/unknown", "/known"):
                client.get(path)
                assert (await client.answer())[2] == whole

    async def test_a_slow_reader_gets_all_and_holds_up_only_itself(self):
        sent = 0
        chunk = bytes(range(256)) * 4096

        async def application(scope: Scope, receive: Receive, send: Send) -> None:
            nonlocal sent
            if scope["path"] == "/quick":
                await say(send, b"quick")
                return
            headers = [(b"content-length", str(64 * len(chunk)).encode())]
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            for number in range(64):
                await send({"type": "http.response.body", "body": chunk, "more_body": number < 63})
                sent += 1

        async with serving(application) as house:
            slow = await house.connect(receive_bytes=16 * 1024)
            slow.get("/slow")
            await slow.head()
            quick = await house.connect()
            for _ in range(20):
                quick.get("/quick")
                assert (await quick.answer())[2] == b"quick"
            assert sent < 32

            digest = hashlib.sha256()
            left = 64 * len(chunk)
            while left:
                data = await slow.reader.read(min(left, 100_000))
                digest.update(data)
                left -= len(data)
            assert digest.digest() == hashlib.sha256(chunk * 64).digest()
            slow.get("/quick")
            assert (await slow.answer())[2] == b"quick"

    async def test_a_slow_reader_of_pieces_finds_the_next_answer_behind_them(self):
        big = bytearray(b"z" * 16 * MIB)

        async def application(scope: Scope, receive: Receive, send: Send) -> None:
            headers = [(b"content-length", str(len(big) + 1).encode())]
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            await send({"type": PIECES, "pieces": [scope["path"][1:].encode(), big]})

        async with serving(application) as house:
            client = await house.connect(receive_bytes=16 * 1024)
            client.get("/1")
            client.get("/2")
            await until(lambda: house.state.total_requests >= 1)

            for first in (b"1", b"2"):
                _, _, body = await client.answer()
                assert body == first + big


class TestBodiesAreTakenAsTheyAreRead:
    async def test_a_client_waits_for_a_slow_application(self):
        go_on = asyncio.Event()
        size = 48 * MIB
        taken = 0

        async def application(scope: Scope, receive: Receive, send: Send) -> None:
            nonlocal taken
            await go_on.wait()
            digest, more = hashlib.sha256(), True
            while more:
                message = await receive()
                assert len(message["body"]) <= MIB
                digest.update(message["body"])
                taken += len(message["body"])
                more = message["more_body"]
            await say(send, digest.hexdigest().encode())

        body = bytes(range(256)) * (size // 256)
        async with serving(application) as house:
            client = await house.connect()
            client.get("/", f"Content-Length: {size}", method="POST")
            client.send(body)
            drained = asyncio.create_task(client.writer.drain())
            await asyncio.sleep(0.3)
            # Neither the server nor the kernel has taken it all.
            assert not drained.done()
            assert taken == 0
            go_on.set()

            assert (await client.answer())[2] == hashlib.sha256(body).hexdigest().encode()
            await drained

    async def test_what_nobody_reads_is_passed_over(self):
        async with serving(path_back) as house:
            client = await house.connect()
            client.get("/refused", f"Content-Length: {8 * MIB}", method="POST")
            assert (await client.answer())[2] == b"POST /refused?"
            client.send(b"GET /no HTTP/1.1\r\n\r\n" + bytes(8 * MIB - 20))
            client.get("/next")

            assert (await client.answer())[2] == b"GET /next?"


class TestLeaving:
    async def test_in_the_middle_of_an_answer(self):
        ended: list[str] = []

        async def application(scope: Scope, receive: Receive, send: Send) -> None:
            await send({"type": "http.response.start", "status": 200, "headers": []})
            assert (await receive())["type"] == "http.request"
            ended.append((await receive())["type"])
            for _ in range(100):
                await send({"type": "http.response.body", "body": bytes(MIB), "more_body": True})
            ended.append("sent to nobody")

        async with serving(application) as house:
            client = await house.connect()
            client.get("/")
            await client.head()
            client.writer.transport.abort()
            await until(lambda: not house.state.connections and not house.state.tasks)

            assert ended == ["http.disconnect", "sent to nobody"]

    async def test_while_the_application_waits_for_the_client_to_read(self):
        async def application(scope: Scope, receive: Receive, send: Send) -> None:
            await send({"type": "http.response.start", "status": 200, "headers": []})
            while True:
                await send({"type": "http.response.body", "body": bytes(MIB), "more_body": True})
                if scope["extensions"] and (await left(receive)):
                    return

        async def left(receive: Receive) -> bool:
            try:
                async with asyncio.timeout(0.01):
                    return (await receive())["type"] == "http.disconnect"
            except TimeoutError:
                return False

        async with serving(application) as house:
            client = await house.connect(receive_bytes=16 * 1024)
            client.get("/")
            await client.head()
            (connection,) = house.state.connections
            await until(lambda: connection.congested)
            client.writer.transport.abort()

            await until(lambda: not house.state.connections and not house.state.tasks)

    async def test_in_the_middle_of_a_body(self):
        seen: list[str] = []

        async def application(scope: Scope, receive: Receive, send: Send) -> None:
            while (message := await receive())["type"] == "http.request":
                seen.append(message["body"].decode())
            seen.append(message["type"])

        async with serving(application) as house:
            client = await house.connect()
            client.get("/", "Content-Length: 100", method="POST")
            client.send("only this")
            await until(lambda: bool(seen))
            client.writer.close()

            await until(lambda: seen == ["only this", "http.disconnect"])
            await until(lambda: not house.state.tasks)


class TestMistakes:
    @pytest.mark.parametrize(
        "garbage",
        [
            b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
            b"GET /\xff HTTP/1.1\r\nHost: a\r\n\r\n",
            b"CONNECT house:443 HTTP/1.1\r\nHost: a\r\n\r\n",
            b"GET / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
            b"POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
            b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n",
        ],
    )
    async def test_what_is_no_request_is_refused(self, garbage):
        async with serving(body_back) as house:
            client = await house.connect()
            client.send(garbage)
            status, headers, _ = await client.answer()

            assert (status, headers["connection"]) == (400, "close")
            assert await client.closed()

    async def test_what_came_before_is_answered(self):
        async with serving(path_back) as house:
            client = await house.connect()
            client.get("/1")
            client.get("/2")
            client.send("no request at all\r\n\r\n")

            assert (await client.answer())[2] == b"GET /1?"
            _, headers, body = await client.answer()
            assert (body, headers["connection"]) == (b"GET /2?", "close")
            assert await client.closed()

    @pytest.mark.parametrize("start", ["GET /", "GET / HTTP/1.1\r\nX: ", "GET / HTTP/1.1\r\n"])
    async def test_a_head_without_end(self, start):
        async with serving(path_back) as house:
            client = await house.connect()
            client.send(start)
            line = "X: y\r\n" if start.endswith("\n") else "x" * 6
            answered = asyncio.create_task(client.head())
            sent = len(start)
            while not answered.done():
                client.send(line * (1024 // len(line)))
                sent += 1024
                await asyncio.sleep(0.0005)

            assert answered.result()[0] == 431
            assert sent > HEAD_BYTES
            await until(lambda: not house.state.connections)

    async def test_trailers_without_end(self):
        async with serving(body_back) as house:
            client = await house.connect()
            client.get("/", "Transfer-Encoding: chunked", method="POST")
            client.send("1\r\nx\r\n0\r\nX: ")
            with pytest.raises(ConnectionError):
                for _ in range(10_000):
                    client.send(b"y" * 8192)
                    await client.writer.drain()
                    await asyncio.sleep(0)
                raise AssertionError("the trailers were taken")
            await until(lambda: not house.state.connections)

    async def test_an_idle_connection_and_a_slow_head_end(self):
        async with serving(path_back, timeout_keep_alive=1) as house:
            idle, slow = await house.connect(), await house.connect()
            idle.get("/")
            await idle.answer()
            slow.send("GET / HT")
            for _ in range(4):
                await asyncio.sleep(0.2)
                slow.send("T")

            assert await idle.closed()
            await until(lambda: not house.state.connections)

    async def test_an_answer_may_take_longer_than_an_idle_connection(self):
        async def application(scope: Scope, receive: Receive, send: Send) -> None:
            await asyncio.sleep(1.5)
            await say(send, b"late")

        async with serving(application, timeout_keep_alive=1) as house:
            client = await house.connect()
            client.get("/")

            assert (await client.answer())[2] == b"late"

    @pytest.mark.parametrize("sent", [b"", b"part"])
    async def test_an_application_that_fails(self, sent):
        async def application(scope: Scope, receive: Receive, send: Send) -> None:
            if sent:
                await send({"type": "http.response.start", "status": 200, "headers": []})
                await send({"type": "http.response.body", "body": sent, "more_body": True})
            raise LookupError("a mistake of ours")

        async with serving(application) as house:
            client = await house.connect()
            client.get("/")
            if sent:
                await client.head()
                with pytest.raises(ValueError, match="invalid literal"):
                    await client.chunks()
            else:
                status, headers, body = await client.answer()
                assert (status, headers["connection"]) == (500, "close")
                assert b"mistake" not in body
            assert await client.closed()

    @pytest.mark.parametrize("length", [b"3", b"5"])
    async def test_a_body_of_another_length_than_said(self, length):
        async def application(scope: Scope, receive: Receive, send: Send) -> None:
            headers = [(b"content-length", length)]
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            await send({"type": "http.response.body", "body": b"four"})

        async with serving(application) as house:
            client = await house.connect()
            client.get("/")
            await client.head()

            assert len(await client.reader.read()) < 5

    @pytest.mark.parametrize(
        "header", [(b"x", b"a\r\nset-cookie: b"), (b"x\r\ny", b"a"), (b"vary", b"a\nb")]
    )
    async def test_no_header_begins_another(self, header):
        async def application(scope: Scope, receive: Receive, send: Send) -> None:
            headers = [(b"content-length", b"0"), header]
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            await send({"type": "http.response.body"})

        async with serving(application) as house:
            client = await house.connect()
            client.get("/")

            assert await client.closed()

    @pytest.mark.parametrize("misuse", ["body first", "two starts", "after the end", "nothing"])
    async def test_an_application_that_does_not_keep_to_asgi(self, misuse):
        start = {"type": "http.response.start", "status": 200, "headers": []}
        end = {"type": "http.response.body", "body": b"x"}
        messages = {
            "body first": [end],
            "two starts": [start, start],
            "after the end": [start, end, end],
            "nothing": [],
        }
        raised: list[BaseException] = []

        async def application(scope: Scope, receive: Receive, send: Send) -> None:
            try:
                for message in messages[misuse]:
                    await send(message)
            except RuntimeError as error:
                raised.append(error)
                raise

        async with serving(application) as house:
            client = await house.connect()
            client.get("/")
            await until(lambda: bool(raised) or house.state.total_requests == 1)

            assert bool(raised) == (misuse != "nothing")


class TestDraining:
    async def test_running_answers_end_and_idle_connections_close(self):
        go_on = asyncio.Event()
        began = asyncio.Event()

        async def application(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["path"] == "/long":
                began.set()
                await go_on.wait()
            await say(send, b"x" * MIB)

        house = House(application, timeout_graceful_shutdown=10)
        running = asyncio.create_task(house.server._serve([house.listener]))
        await until(lambda: house.server.started)
        idle, busy = await house.connect(), await house.connect()
        idle.get("/")
        await idle.answer()
        busy.get("/long")
        await began.wait()
        house.server.should_exit = True

        assert await idle.closed()
        assert not running.done()
        go_on.set()
        status, headers, body = await busy.answer()
        assert (status, headers["connection"], len(body)) == (200, "close", MIB)
        await running
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", house.port))
        house.leave()

    async def test_what_does_not_end_in_time_is_broken_off(self):
        async def application(scope: Scope, receive: Receive, send: Send) -> None:
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await asyncio.Event().wait()

        house = House(application, timeout_graceful_shutdown=1)
        running: asyncio.Task[None] = asyncio.create_task(house.server._serve([house.listener]))
        await until(lambda: house.server.started)
        client = await house.connect()
        client.get("/")
        await client.head()
        house.server.should_exit = True
        await running

        assert await client.closed()
        house.leave()
