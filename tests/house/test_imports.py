"""Imports run one way, and every package has its place."""

from importlinter.cli import lint_imports


def test_import_law() -> None:
    assert lint_imports(no_cache=True) == 0
