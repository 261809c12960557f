"""The benchmark runs from end to end on both products; what it measures here says nothing."""

import json
import shutil

import pytest
from bench.__main__ import NEEDED, main
from bench.measures import MEASURES, Sizes, of_size
from bench.report import Result

pytestmark = pytest.mark.peer

missing = [program for program in NEEDED if shutil.which(program) is None]


@pytest.mark.skipif(bool(missing), reason=f"not installed: {', '.join(missing)}")
def test_every_measure_runs_on_both_and_is_reported(tmp_path):
    folder = tmp_path / "data"
    folder.mkdir()
    assert main(["--smoke", "--output", str(tmp_path / "report"), "--folder", str(folder)]) == 0
    rows = json.loads((tmp_path / "report" / "benchmark.json").read_text())
    assert [row["id"] for row in rows] == [m.id for m in of_size(MEASURES, Sizes.smoke())]
    for row in rows:
        assert row["product"] > 0
        assert row["peer"] > 0
        assert row["peer_name"] == "Orthanc"
        assert row["peer_version"][0].isdigit()
        assert row["better"] in ("higher", "lower")
        assert len(row["runs"]["product"]) == len(row["runs"]["peer"]) == 1
    page = (tmp_path / "report" / "benchmark.md").read_text()
    for measure in of_size(MEASURES, Sizes.smoke()):
        assert f"| {measure.title} |" in page
    # Nothing of either product is left behind.
    assert list(folder.iterdir()) == []


def test_an_unknown_measure_is_refused():
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)}")
    assert main(["--smoke", "--only", "no_such_measure"]) == 1


class TestRatio:
    @pytest.mark.parametrize(
        ("id", "ours", "theirs", "ratio"),
        [("stow_50", [200.0, 100.0, 300.0], [50.0], 4.0), ("frame_ct", [2.0], [6.0], 3.0)],
    )
    def test_more_than_one_says_that_we_are_ahead(self, id, ours, theirs, ratio):
        measure = next(measure for measure in MEASURES if measure.id == id)
        assert Result(measure, ours, theirs).ratio == ratio


def test_the_ids_are_those_the_house_promised():
    promised = (
        "cstore_ct_1_shipped cstore_ct_1_nodelay cstore_ct_4_nodelay cstore_mr_1_nodelay stow_50"
        " qido_patientid qido_all metadata_100_warm metadata_1000_warm metadata_4000_warm"
        " metadata_4000_cold frame_ct frame_us rendered study_bytes cmove_300_nodelay"
        " cmove_300_shipped cget_300_nodelay cget_300_shipped cfind_patientid memory_pss"
    )
    assert {measure.id for measure in MEASURES} >= set(promised.split())
