"""What each process of the house does: web, DICOM acceptor, job worker.

Each also runs alone, on another node: `vesalius serve web|dimse|jobs`.
"""

import asyncio
import os
import signal
import sys
import threading
from collections.abc import Awaitable, Callable

import uvloop
from starlette.types import ASGIApp

from vesalius.app import House, open_house
from vesalius.kit import log as logs
from vesalius.kit.log import logger
from vesalius.kit.sockets import shared_socket
from vesalius.serving.supervisor import AGAIN
from vesalius.settings import Settings
from vesalius.stores import access

log = logger(__name__)

LOOPBACK = {"127.0.0.1", "::1", "localhost"}
ADMINISTRATOR_LOOK_SECONDS = 1.0


def http_application(house: House) -> ASGIApp:
    """All HTTP doors in one application: /fhir, /dicomweb, and the browser's at /."""
    from starlette.applications import Starlette
    from starlette.routing import Mount

    from vesalius.interfaces.dicomweb import routes as dicomweb
    from vesalius.interfaces.fhir import routes as fhir
    from vesalius.interfaces.web import routes as web
    from vesalius.kit.http.authentication import Authentication
    from vesalius.kit.http.lookup import Service
    from vesalius.kit.http.mounting import Mounting
    from vesalius.kit.http.protection import Protection

    browser = web.application(house)
    others = Starlette(routes=[*fhir.mounted(house), Mount("/", browser)])
    others.state.house = house
    doors = Mounting({"/dicomweb": dicomweb.application(house)}, Service(browser, others))
    authenticated = Authentication(doors, resolve=web.resolver(house))
    return Protection(authenticated, body_limit=web.body_limit(house))


async def serve_web(house: House, stop: asyncio.Event) -> int:
    """HTTP until told to stop; running requests get `drain_seconds`.

    Until there is an administrator only the loopback is served; then this process ends, to be
    started again on the address the settings name.
    """
    import uvicorn

    from vesalius.kit.http.connection import HttpConnection
    from vesalius.kit.http.forwarding import Forwarding, trusted_proxies

    alone = await _without_administrator(house)
    opened: asyncio.Task[None] | None = None
    host = house.settings.web_host
    if alone and host not in LOOPBACK:
        host = "127.0.0.1"
        opened = asyncio.create_task(_await_administrator(house, stop))

    settings = house.settings
    config = uvicorn.Config(
        Forwarding(http_application(house), trusted_proxies()),
        http=HttpConnection,
        loop="uvloop",
        lifespan="off",
        access_log=False,
        log_config=None,
        server_header=False,
        date_header=True,
        proxy_headers=False,
        ws="none",
        timeout_keep_alive=75,
        timeout_graceful_shutdown=int(settings.drain_seconds),
    )
    server = uvicorn.Server(config)
    listener = shared_socket(host, settings.web_port)
    listener.listen(2048)
    server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
    serving = asyncio.create_task(server._serve([listener]))
    fresh = asyncio.create_task(access.keep_fresh(house.database, stop))
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
    house.stopping.set()
    server.should_exit = True
    await serving
    stopping.cancel()
    fresh.cancel()
    return AGAIN if opened is not None and opened.done() else 0


async def _without_administrator(house: House) -> bool:
    """Whether nobody can administer yet; the first web process then prints the set-up link."""
    async with house.database.transaction() as tx:
        if await access.has_administrator(tx):
            return False
        if os.environ.get("VESALIUS_OFFER_SETUP"):
            link = f"{house.settings.base_url}/setup?token={await access.offer_setup(tx)}"
            sys.stderr.write(f"\nMake the first administrator's account (works once): {link}\n\n")
    return True


async def _await_administrator(house: House, stop: asyncio.Event) -> None:
    while True:
        await asyncio.sleep(ADMINISTRATOR_LOOK_SECONDS)
        async with house.database.transaction() as tx:
            if await access.has_administrator(tx):
                stop.set()
                return


async def serve_dimse(house: House, stop: asyncio.Event) -> int:
    """A DICOM acceptor until told to stop; running associations get `drain_seconds`."""
    from vesalius.interfaces.dimse import acceptor

    settings = house.settings
    listener = shared_socket(settings.dicom_host, settings.dicom_port)
    await acceptor.serve(house, listener, stop)
    return 0


async def serve_jobs(house: House, stop: asyncio.Event) -> int:
    """Handlers of the news, queued jobs and chores until told to stop."""
    from vesalius import flow
    from vesalius.kit.jobs import JobWorker
    from vesalius.kit.outbox import Dispatcher
    from vesalius.serving import renewal
    from vesalius.stores import audit

    worker = JobWorker(house.database, house.settings.job_concurrency, house.settings.drain_seconds)
    dispatcher = Dispatcher(house.database, flow.HANDLERS)
    grown, *_ = await asyncio.gather(
        renewal.when_grown(lambda: worker.running == 0, stop),
        worker.run(stop),
        dispatcher.run(stop),
        audit.keep_sealing(house.database, stop),
    )
    return AGAIN if grown else 0


Role = Callable[[House, asyncio.Event], Awaitable[int]]
ROLES: dict[str, Role] = {"web": serve_web, "dimse": serve_dimse, "jobs": serve_jobs}


def run_role(role: str, settings: Settings) -> int:
    """Be one process of the house until SIGTERM, or until the supervisor is gone; exit code."""
    logs.configure(settings.log_level, json_lines=settings.log_json)
    if "VESALIUS_SUPERVISED" in os.environ:
        threading.Thread(target=_end_with_supervisor, daemon=True).start()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_run_role(role, settings))


async def _run_role(role: str, settings: Settings) -> int:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with open_house(settings) as house:
        connect_interfaces(house)
        log.info("started", role=role)
        code = await ROLES[role](house, stop)
    log.info("stopped", role=role)
    return code


def connect_interfaces(house: House) -> None:
    """Give rooms and interfaces upstream of an interface what they need of it."""
    from vesalius.exchange import routing
    from vesalius.interfaces.dimse import network

    house.echo_node = network.echo_node
    routing.connect(network.DicomNetwork())


def _end_with_supervisor() -> None:
    # Standard input is a pipe whose other end only the supervisor holds.
    while os.read(0, 1024):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
