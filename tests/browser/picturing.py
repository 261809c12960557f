"""Screenshots for the docs, small enough for a repository."""

from pathlib import Path

from playwright.sync_api import Page

FOLDER = Path(__file__).parents[2] / "docs" / "screenshots"
MOST_BYTES = 300_000


def keep_screenshot(page: Page, name: str) -> None:
    """Keep what the page shows as docs/screenshots/<name>.png."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    picture = page.screenshot(animations="disabled", caret="hide", scale="css")
    assert len(picture) < MOST_BYTES
    (FOLDER / f"{name}.png").write_bytes(picture)
