"""The supervisor: everything up, everything down, and one that dies comes back."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import httpx
import pytest

from tests.running import RunningVesalius, _descendants
from vesalius.kit import nursery
from vesalius.serving import renewal


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningVesalius]:
    house = RunningVesalius(tmp_path_factory.mktemp("served"), None)
    house.start()
    yield house
    if house.process is not None and house.process.poll() is None:
        house.stop()


def _second(running: RunningVesalius, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "vesalius", "serve"],
        env={**os.environ, **running.settings.environment(), **variables},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def _lives(pid: int) -> bool:
    """Whether a process runs; one that ended and was not collected yet does not."""
    try:
        return ") Z " not in Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False


def _roles(running: RunningVesalius) -> dict[int, str]:
    """The processes of the house by what they are: nursery, web, dimse, jobs."""
    assert running.process is not None
    named = {}
    for pid in _descendants(running.process.pid):
        with suppress(FileNotFoundError):
            words = Path(f"/proc/{pid}/cmdline").read_bytes().strip(b"\0").decode().split("\0")
            if words[0].startswith("vesalius: "):
                named[pid] = words[0].removeprefix("vesalius: ")
            elif "vesalius.serving" in words:
                named[pid] = words[-1]
    return named


def test_health_and_metrics(running: RunningVesalius) -> None:
    assert httpx.get(f"{running.url}/health/live").status_code == 200
    assert httpx.get(f"{running.url}/health/ready").status_code == 200
    assert "# TYPE" in httpx.get(f"{running.url}/metrics").text


def test_a_second_house_in_the_same_folder_is_refused(running: RunningVesalius) -> None:
    done = _second(running)
    assert done.returncode == 1
    assert "another Vesalius is running" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_taken_port_is_said(running: RunningVesalius, tmp_path: Path) -> None:
    done = _second(running, VESALIUS_DATA_DIRECTORY=str(tmp_path / "other"))
    assert done.returncode == 1
    assert f"web port {running.settings.web_port} on 127.0.0.1 is taken" in done.stderr


def test_a_killed_web_process_comes_back(running: RunningVesalius) -> None:
    for pid, role in _roles(running).items():
        if role == "web":
            os.kill(pid, signal.SIGKILL)
    running.wait_until_ready(10)


def test_every_process_is_borne_by_the_nursery(running: RunningVesalius) -> None:
    assert sorted(_roles(running).values()) == ["dimse", "dimse", "jobs", "nursery", "web"]
    for pid, role in _roles(running).items():
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
        assert command.rstrip(b"\0") == f"vesalius: {role}".encode()


def test_a_killed_nursery_is_replaced_and_ends_nobody(running: RunningVesalius) -> None:
    before = _roles(running)
    [nursery] = [pid for pid, role in before.items() if role == "nursery"]
    os.kill(nursery, signal.SIGKILL)
    assert httpx.get(f"{running.url}/health/ready").status_code == 200
    deadline = time.monotonic() + 10
    while len(after := _roles(running)) < len(before) or nursery in after:
        assert time.monotonic() < deadline, running.log_tail()
        time.sleep(0.05)
    assert before.keys() - after.keys() == {nursery}
    [web] = [pid for pid, role in after.items() if role == "web"]
    os.kill(web, signal.SIGKILL)
    running.wait_until_ready(10)
    [back] = [pid for pid, role in _roles(running).items() if role == "web"]
    title = Path(f"/proc/{back}/cmdline").read_bytes()
    assert title.startswith(b"vesalius: "), "it was forked by the new nursery"


def test_stops_cleanly_on_interrupt_and_keeps_its_data(running: RunningVesalius) -> None:
    token = running.token("administrator")
    assert running.process is not None
    children = _roles(running)
    began = time.monotonic()
    running.process.send_signal(signal.SIGINT)
    assert running.process.wait(20) == 0
    assert time.monotonic() - began < 15
    assert not [pid for pid in children if _lives(pid)]
    assert not (running.settings.data_directory / "postgres/cluster/postmaster.pid").exists()
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(("127.0.0.1", running.settings.web_port))
    running.start()
    answer = httpx.get(
        f"{running.url}/api/session", headers={"Authorization": f"Bearer {token}"}, timeout=10
    )
    assert answer.status_code == 200


def test_children_end_with_a_killed_supervisor(running: RunningVesalius) -> None:
    assert running.process is not None
    children = _roles(running)
    running.process.kill()
    running.process.wait()
    deadline = time.monotonic() + 40
    while any(_lives(pid) for pid in children):
        assert time.monotonic() < deadline, running.log_tail()
        time.sleep(0.1)
    # The orphaned PostgreSQL is adopted by the next start.
    running.start()
    assert httpx.get(f"{running.url}/health/ready").status_code == 200


async def test_a_role_that_has_grown_is_renewed_once_idle(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nursery, "_given", 0)
    stop, asked, idle = asyncio.Event(), asyncio.Event(), False

    def is_idle() -> bool:
        asked.set()
        return idle

    look = renewal.when_grown(is_idle, stop, look_seconds=0.5, grown_bytes=2**24)
    task = asyncio.create_task(look)
    await asyncio.sleep(0)
    held = bytearray(b"x") * 2**26
    async with asyncio.timeout(20):
        await asked.wait()
        assert not stop.is_set(), "it was not idle"
        idle = True
        assert await task
    assert stop.is_set()
    assert len(held) == 2**26


async def test_a_process_that_was_not_forked_is_not_renewed() -> None:
    stop = asyncio.Event()
    look = renewal.when_grown(lambda: True, stop, look_seconds=0.001, grown_bytes=-(2**30))
    task = asyncio.create_task(look)
    done, _ = await asyncio.wait({task}, timeout=0.2)
    assert not done
    stop.set()
    assert not await task
