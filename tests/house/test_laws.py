"""The laws of ARCHITECTURE.md that a test can keep."""

import ast
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "vesalius"
MODULES = sorted(SOURCE.rglob("*.py"))
BANNED_FILES = {"service.py", "utils.py", "manager.py", "helper.py", "helpers.py"}
BANNED_NAMES = {"patient_id", "study_uid", "series_uid", "instance_uid", "sop_uid"}


def _tracked() -> list[Path]:
    out = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True)
    return [ROOT / name for name in out.stdout.decode().split("\0") if name]


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_names_are_the_fields(module: Path) -> None:
    assert module.name not in BANNED_FILES
    tree = ast.parse(module.read_text())
    used = {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}
    used |= {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    used |= {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    assert not used & BANNED_NAMES


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_every_module_says_what_it_is(module: Path) -> None:
    tree = ast.parse(module.read_text())
    assert not tree.body or ast.get_docstring(tree), "a module opens with what lies behind it"


def _rooms() -> list[Path]:
    return [SOURCE / group for group in ("stores", "care", "imaging")]


def test_rooms_never_commit() -> None:
    """Transactions are opened and committed at the interface; rooms take them."""
    guilty = [
        str(module.relative_to(SOURCE))
        for room in _rooms()
        for module in room.rglob("*.py")
        if re.search(r"connection\.(commit|rollback)\(", module.read_text())
    ]
    assert guilty == []


def test_rooms_know_no_protocol() -> None:
    guilty = [
        str(module.relative_to(SOURCE))
        for room in _rooms()
        for module in room.rglob("*.py")
        if re.search(r"^(from|import) (starlette|uvicorn|httpx|typer)\b", module.read_text(), re.M)
    ]
    assert guilty == []


def test_nothing_of_a_machine_or_a_registry_is_in_the_tree() -> None:
    # Written as patterns, so that this file does not hold what it looks for.
    words = [
        re.compile(pattern)
        for pattern in (
            r"/wor[k]/main",
            r"bash_job[s]",
            r"npm[j]s\.",
            r"pyp[i]\.",
            r"pythonh[o]sted",
        )
    ]
    guilty = []
    for path in _tracked():
        if not path.is_file() or path.suffix in {".png", ".gz", ".ttf"}:
            continue
        text = path.read_text(errors="replace")
        guilty += [
            f"{path.relative_to(ROOT)}: {found[0]}"
            for word in words
            if (found := word.search(text))
        ]
    assert guilty == []


def test_nothing_is_left_to_do() -> None:
    pattern = re.compile(r"\b(" + "TO" + "DO|FIX" + "ME|XX" + "X)\\b")
    guilty = [
        str(path.relative_to(ROOT))
        for path in _tracked()
        if path.suffix in {".py", ".ts", ".tsx", ".css"} and pattern.search(path.read_text())
    ]
    assert guilty == []


def test_no_module_is_a_monster() -> None:
    long = {
        str(module.relative_to(SOURCE)): lines
        for module in MODULES
        if (lines := len(module.read_text().splitlines())) > 600
    }
    assert long == {}
