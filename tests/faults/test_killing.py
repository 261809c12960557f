"""SIGKILL under load loses nothing that was acknowledged (the short form: 30 kills)."""

from pathlib import Path

import pytest

from tests.faults import killing


@pytest.mark.fault
def test_nothing_acknowledged_is_lost_to_sigkill(tmp_path: Path) -> None:
    report = killing.run(tmp_path, trials=30)
    assert report.lost == []
    assert report.acknowledged > 500, "the load must have been real"
    # One start may have met a disk that was busy with somebody else.
    *in_time, _ = sorted(report.ready_seconds)
    assert max(in_time) <= killing.READY_SECONDS, report.ready_seconds
