"""A real browser before the real server.

Every page opened here is watched: a request to another host, a violation of the content security
policy or an error nobody caught fails the test, whatever else it looks at.
"""

import shutil
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from filelock import FileLock
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.browser.watching import Watch
from tests.conftest import TEMPLATE
from tests.running import RunningVesalius
from vesalius.kit.database.embedded import EmbeddedPostgres

ROOT = Path(__file__).parents[2]
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "microsoft-edge")
# WebGL without a graphics card (ANGLE on SwiftShader), as the viewer needs it.
FLAGS = (
    "--no-sandbox",
    "--use-gl=angle",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--ignore-gpu-blocklist",
)
SIZE = {"width": 1500, "height": 900}

# Everything waits for what it expects; how long is a matter of the machine.
expect.set_options(timeout=30_000)


@pytest.fixture(scope="session")
def built_web() -> None:
    """The application and the viewer as `make web` leaves them; built once if they are not."""
    with (
        FileLock(ROOT / ".cache" / "web.lock")
        if (ROOT / ".cache").is_dir()
        else FileLock(Path(tempfile.gettempdir()) / "vesalius-web.lock")
    ):
        subprocess.run([sys.executable, ROOT / "scripts" / "build_web.py"], check=True)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """An installed Chromium, headless."""
    program = next(filter(None, map(shutil.which, NAMES)), None)
    if program is None:
        pytest.skip("no Chromium is installed: apt install chromium")
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(
            executable_path=program, headless=True, args=list(FLAGS)
        )
        yield launched
        launched.close()


@pytest.fixture(scope="module")
def clinic(postgres: EmbeddedPostgres, built_web: None) -> Iterator[RunningVesalius]:
    """A house nobody has set up yet."""
    url = postgres.create_database(f"clinic_{uuid.uuid4().hex}", template=TEMPLATE)
    with (
        tempfile.TemporaryDirectory(prefix="vesalius-clinic-") as folder,
        RunningVesalius(Path(folder), url) as running,
    ):
        yield running


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Callable[..., Page]]:
    """Opens watched pages; the watch is read at the end of the test."""
    contexts: list[BrowserContext] = []
    watches: list[Watch] = []

    def open_one(url: str, *, beside: Page | None = None, language: str = "en-GB") -> Page:
        if beside is not None:
            context = beside.context
        else:
            context = browser.new_context(viewport=SIZE, base_url=url, locale=language)
            context.set_default_timeout(30_000)
            contexts.append(context)
        page = context.new_page()
        watches.append(Watch(page, url))
        return page

    yield open_one
    for context in contexts:
        context.close()
    for watch in watches:
        watch.assert_clean()
