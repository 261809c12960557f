"""The supervisor: everything up, everything down, and one that dies comes back."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.running import RunningVesalius, _descendants


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


def _is_role(pid: int) -> bool:
    try:
        return b"vesalius.serving" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except FileNotFoundError:
        return False


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
    assert running.process is not None
    for pid in _descendants(running.process.pid):
        command = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        if command[-2:-1] == [b"web"]:
            os.kill(pid, signal.SIGKILL)
    running.wait_until_ready(10)


def test_stops_cleanly_on_interrupt_and_keeps_its_data(running: RunningVesalius) -> None:
    token = running.token("administrator")
    assert running.process is not None
    children = [pid for pid in _descendants(running.process.pid) if _is_role(pid)]
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
    children = [pid for pid in _descendants(running.process.pid) if _is_role(pid)]
    running.process.kill()
    running.process.wait()
    deadline = time.monotonic() + 40
    while any(_lives(pid) for pid in children):
        assert time.monotonic() < deadline, running.log_tail()
        time.sleep(0.1)
    # The orphaned PostgreSQL is adopted by the next start.
    running.start()
    assert httpx.get(f"{running.url}/health/ready").status_code == 200
