"""Screenshots for the docs, small enough for a repository."""

import io
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page

FOLDER = Path(__file__).parents[2] / "docs" / "screenshots"
MOST_BYTES = 300_000
COLOURS = 160


def keep_screenshot(page: Page, name: str) -> None:
    """Keep what the page shows as docs/screenshots/<name>.png."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    picture = Image.open(io.BytesIO(page.screenshot(animations="disabled", caret="hide")))
    file = FOLDER / f"{name}.png"
    # A palette: the grain of a CT makes a true-colour PNG three times as large.
    picture.convert("RGB").quantize(COLOURS).save(file, optimize=True)
    assert file.stat().st_size < MOST_BYTES
