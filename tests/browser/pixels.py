"""Waiting for an image: not for a canvas, but for grey values in it."""

import time

from playwright.sync_api import Frame, Page

# A blank viewport has one value, an overlay a few; an image has many.
GREYS = 12

COUNT_GREYS = """() => [...document.querySelectorAll('canvas')].map(canvas => {
  const copy = new OffscreenCanvas(96, 96);
  const context = copy.getContext('2d');
  context.drawImage(canvas, 0, 0, 96, 96);
  const values = new Set();
  const data = context.getImageData(0, 0, 96, 96).data;
  for (let at = 0; at < data.length; at += 4) values.add(data[at]);
  return values.size;
})"""

COUNT_COLOURED = """() => [...document.querySelectorAll('canvas')].map(canvas => {
  const copy = new OffscreenCanvas(canvas.width, canvas.height);
  const context = copy.getContext('2d');
  context.drawImage(canvas, 0, 0);
  const data = context.getImageData(0, 0, canvas.width, canvas.height).data;
  let coloured = 0;
  for (let at = 0; at < data.length; at += 4) {
    if (Math.abs(data[at] - data[at + 2]) > 60) coloured += 1;
  }
  return coloured;
})"""


def wait_for_images(where: Page | Frame, count: int = 1, *, seconds: float = 90.0) -> None:
    """Return when so many canvases show images."""
    deadline = time.monotonic() + seconds
    greys: list[int] = []
    while time.monotonic() < deadline:
        greys = where.evaluate(COUNT_GREYS)
        if sum(number >= GREYS for number in greys) >= count:
            return
        where.wait_for_timeout(200)
    raise AssertionError(f"{count} images were to be seen, the canvases have {greys} grey values")


def wait_for_colour(where: Page | Frame, *, seconds: float = 90.0) -> None:
    """Return when something in colour lies on the grey images: a segmentation."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if any(number > 4 for number in where.evaluate(COUNT_COLOURED)):
            return
        where.wait_for_timeout(200)
    raise AssertionError("nothing in colour lies on the images")
