import pytest

from vesalius.interfaces.dicomweb.rendering_options import read_options
from vesalius.kit.errors import Invalid


class TestReadOptions:
    def test_reads_what_the_standard_names(self):
        options = read_options(
            {"window": "40,400,sigmoid", "viewport": "100,50,1,2,,-4", "quality": "70"},
            thumbnail=False,
        )

        assert options == {
            "window": [40.0, 400.0, "SIGMOID"],
            "viewport": [100, 50, 1.0, 2.0, 0.0, -4.0],
            "quality": 70,
        }

    def test_a_thumbnail_is_small_unless_said(self):
        assert read_options({}, thumbnail=True)["viewport"] == [192, 192]
        assert read_options({"viewport": "64,64"}, thumbnail=True)["viewport"] == [64, 64]

    @pytest.mark.parametrize(
        "parameters",
        [
            {"quality": "0"},
            {"quality": "101"},
            {"quality": "-1"},
            {"quality": "١"},
            {"window": "40"},
            {"window": "40,0,linear"},
            {"window": "40,nan"},
            {"window": "40,400,gaussian"},
            {"viewport": "0,10"},
            {"viewport": "10"},
            {"viewport": "100000,10"},
            {"viewport": "10,10,1,1"},
            {"viewport": "10,10,inf,1,1,1"},
            {"windw": "40,400"},
        ],
    )
    def test_refuses_what_it_does_not_understand(self, parameters):
        with pytest.raises(Invalid):
            read_options(parameters, thumbnail=False)
