"""News for the browsers, over a real socket, through the policy."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import orjson
import pytest
import uvicorn

from tests.interfaces.web.asking import add_user, application
from vesalius.app import House
from vesalius.interfaces.web import live
from vesalius.stores import access

SECONDS = 10


@asynccontextmanager
async def server(house: House) -> AsyncIterator[str]:
    """The application on a port of its own."""
    config = uvicorn.Config(
        application(house),
        port=0,
        lifespan="off",
        log_config=None,
        ws="none",
        timeout_graceful_shutdown=5,
    )
    running = uvicorn.Server(config)
    running.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
    sockets = [config.bind_socket()]
    task = asyncio.create_task(running._serve(sockets))
    try:
        yield f"http://127.0.0.1:{sockets[0].getsockname()[1]}"
    finally:
        house.stopping.set()
        running.should_exit = True
        await task
        for bound in sockets:
            bound.close()


async def token(house: House, username: str, *roles: str, patient: str | None = None) -> str:
    await add_user(house, username, *roles, patient=patient)
    async with house.database.transaction() as tx:
        return await access.issue_token(tx, access.SYSTEM, username)


async def tell(house: House, event: str, patient: str | None = None, **data: Any) -> None:
    """What the dispatcher does when an event was handled."""
    message = {"event": event, "data": data, "patient": patient}
    async with house.database.transaction() as tx:
        await tx.execute("SELECT pg_notify('live', %s)", (orjson.dumps(message).decode(),))


class Reader:
    """One browser that listens."""

    def __init__(self, response: httpx.Response) -> None:
        self.response = response
        self.lines = response.aiter_lines()

    async def news(self) -> tuple[str, dict[str, Any]]:
        """The next event."""
        name = ""
        async with asyncio.timeout(SECONDS):
            async for line in self.lines:
                if line.startswith("event: "):
                    name = line.removeprefix("event: ")
                elif line.startswith("data: "):
                    return name, orjson.loads(line.removeprefix("data: "))
        raise EOFError

    async def end(self) -> None:
        """Returns when the server ends the stream."""
        async with asyncio.timeout(SECONDS):
            async for _ in self.lines:
                pass


@asynccontextmanager
async def listening(url: str, bearer: str) -> AsyncIterator[Reader]:
    """A browser on /api/live, once the server listens for it."""
    async with httpx.AsyncClient(headers={"Authorization": f"Bearer {bearer}"}) as client:
        async with client.stream("GET", f"{url}/api/live", timeout=SECONDS) as response:
            assert response.status_code == 200
            assert response.headers["content-type"].startswith("text/event-stream")
            yield Reader(response)


class TestLive:
    async def test_tells_what_happened(self, house: House) -> None:
        bearer = await token(house, "rita", "radiologist")
        async with server(house) as url, listening(url, bearer) as reader:
            await tell(house, "StudyComplete", "p", study_instance_uid="1.2")
            assert await reader.news() == ("StudyComplete", {"study_instance_uid": "1.2"})

    async def test_each_only_what_the_policy_lets_them(self, house: House) -> None:
        rita = await token(house, "rita", "radiologist")
        greta = await token(house, "greta", "physician")
        pia = await token(house, "pia", "patient", patient="own")
        async with house.database.transaction() as tx:
            await access.restrict(tx, access.SYSTEM, "secret", True)
            await access.grant(tx, access.SYSTEM, "secret", "greta")
        async with (
            server(house) as url,
            listening(url, rita) as for_rita,
            listening(url, greta) as for_greta,
            listening(url, pia) as for_pia,
        ):
            for patient in ("secret", "other", None, "own"):
                await tell(house, "StudyComplete", patient, of=patient)
            await tell(house, "NodeChanged", None, of="node")
            await tell(house, "ResourceChanged", "own", of="end", resource_type="Patient")

            async def all_of(reader: Reader) -> list[Any]:
                heard = []
                while not heard or heard[-1] != "end":
                    heard.append((await reader.news())[1]["of"])
                return heard

            assert await all_of(for_rita) == ["other", None, "own", "end"]
            assert await all_of(for_greta) == ["secret", "other", None, "own", "end"]
            assert await all_of(for_pia) == ["own", "end"]

    async def test_a_restriction_counts_at_once(self, house: House) -> None:
        bearer = await token(house, "rita", "radiologist")
        async with server(house) as url, listening(url, bearer) as reader:
            await tell(house, "StudyComplete", "p", n=1)
            assert await reader.news() == ("StudyComplete", {"n": 1})
            async with house.database.transaction() as tx:
                await access.restrict(tx, access.SYSTEM, "p", True)
            await tell(house, "StudyComplete", "p", n=2)
            await tell(house, "StudyComplete", "q", n=3)
            assert await reader.news() == ("StudyComplete", {"n": 3})

    async def test_nobody_is_told_nothing(self, house: House) -> None:
        async with server(house) as url, httpx.AsyncClient() as client:
            response = await client.get(f"{url}/api/live")
        assert response.status_code == 401

    async def test_ends_with_the_rights(
        self, house: House, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(live, "HEARTBEAT_SECONDS", 0.05)
        bearer = await token(house, "rita", "radiologist")
        async with server(house) as url, listening(url, bearer) as reader:
            async with house.database.transaction() as tx:
                await access.change_user(tx, access.SYSTEM, "rita", active=False)
            await reader.end()

    async def test_ends_when_the_house_stops(self, house: House) -> None:
        bearer = await token(house, "rita", "radiologist")
        async with server(house) as url, listening(url, bearer) as reader:
            house.stopping.set()
            await reader.end()

    async def test_garbage_on_the_channel_harms_nobody(self, house: House) -> None:
        bearer = await token(house, "rita", "radiologist")
        async with server(house) as url, listening(url, bearer) as reader:
            async with house.database.transaction() as tx:
                for garbage in ("{", "[]", "null", "{}", '{"event": 1}'):
                    await tx.execute("SELECT pg_notify('live', %s)", (garbage,))
            await tell(house, "StudyComplete", "p", n=1)
            assert await reader.news() == ("StudyComplete", {"n": 1})


class TestHub:
    async def test_who_does_not_keep_up_is_cut_off(self, house: House) -> None:
        hub = live.Hub(house)
        listener = await hub.join(access.SYSTEM)
        for number in range(live.QUEUED + 1):
            await hub._tell({"event": "StudyComplete", "data": {"n": number}})
        assert await listener.queue.get() is None
        hub.leave(listener)

    async def test_a_lost_connection_ends_the_streams(self, house: House) -> None:
        """What was told meanwhile is lost, so the browsers must ask for everything again."""
        hub = live.Hub(house)
        listener = await hub.join(access.SYSTEM)
        async with house.database.transaction() as tx:
            await tx.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND query LIKE 'LISTEN%%'"
            )
        assert await asyncio.wait_for(listener.queue.get(), SECONDS) is None
        hub.leave(listener)
