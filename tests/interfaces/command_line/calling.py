"""The command line of a running house, as an operator types it."""

import os
import subprocess
import sys

from tests.running import RunningVesalius


def vesalius(served: RunningVesalius, *arguments: str, ok: bool = True) -> str:
    """Run one command against the house; what it said. Fails when its exit code is another."""
    done = subprocess.run(
        [sys.executable, "-m", "vesalius", *arguments],
        env={**os.environ, **served.settings.environment(), "COLUMNS": "300"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    said = done.stdout + done.stderr
    assert done.returncode == (0 if ok else 1), said
    assert "Traceback" not in said
    return said
