"""A left coronary angiogram: contrast runs down the artery tree of a beating heart."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vesalius.sample.phantoms.grid import Array

SIZE = 512
FRAMES_PER_SECOND = 15.0
BEAT_SECONDS = 0.9


@dataclass(frozen=True)
class Branch:
    """An artery as a curve in image pixels, its calibre at both ends, and where it leaves."""

    points: tuple[tuple[float, float], ...]
    calibre: tuple[float, float]
    starts_after: float


@dataclass(frozen=True)
class Angiogram:
    """Which artery is narrowed, and by how much of its diameter."""

    stenosis: float = 0.72
    seed: int = 1


#: Right anterior oblique with cranial tilt, near enough: x to the right of the screen, y down it.
TREE: tuple[Branch, ...] = (
    Branch(((176, 138), (198, 142), (216, 148)), (11.5, 10.5), 0),
    Branch(  # left anterior descending
        ((216, 148), (252, 140), (300, 158), (344, 206), (376, 268), (398, 336), (402, 396)),
        (9.0, 2.6), 45,
    ),
    Branch(((270, 142), (318, 130), (366, 148), (410, 190), (436, 240)), (5.2, 1.8), 105),
    Branch(((322, 180), (372, 186), (418, 222), (450, 276)), (4.4, 1.6), 165),
    Branch(((298, 158), (296, 200), (306, 244), (310, 280)), (3.2, 1.2), 130),
    Branch(((340, 202), (332, 246), (340, 290), (342, 322)), (2.8, 1.1), 190),
    Branch(((368, 252), (354, 294), (360, 336)), (2.4, 1.0), 245),
    Branch(  # circumflex
        ((216, 148), (220, 176), (206, 222), (206, 276), (226, 334), (262, 380)), (8.0, 2.6), 45,
    ),
    Branch(((212, 206), (246, 244), (276, 300), (300, 360), (318, 408)), (5.4, 1.7), 105),
    Branch(((205, 262), (236, 310), (266, 372), (280, 420)), (4.4, 1.5), 165),
    Branch(((216, 310), (206, 356), (216, 402)), (3.0, 1.2), 215),
    Branch(((410, 190), (440, 196), (466, 216)), (2.4, 1.0), 245),
    Branch(((276, 300), (256, 338), (252, 372)), (2.2, 0.9), 215),
    Branch(((300, 360), (326, 380), (346, 412)), (2.0, 0.9), 280),
)  # fmt: skip
STENOSIS_AT = (312.0, 168.0)


def cine(angiogram: Angiogram, *, frames: int) -> np.ndarray:
    """Frames (frames, SIZE, SIZE) of 8 bits, vessels dark on the bright heart (MONOCHROME2)."""
    rng = np.random.default_rng(angiogram.seed)
    background = _background(rng)
    thickness, arrival = _vessel_maps(angiogram)
    pictures = np.empty((frames, SIZE, SIZE), np.uint8)
    for frame in range(frames):
        seconds = frame / FRAMES_PER_SECOND
        filled = thickness * _bolus(seconds, arrival)
        moved = _beat(filled, seconds)
        lungs = np.roll(background, round(3.0 * np.sin(seconds * 1.3)), axis=0)
        exposure = lungs * np.exp(-0.095 * moved)
        exposure += rng.standard_normal((SIZE, SIZE), dtype=np.float32) * 2.4
        pictures[frame] = np.clip(_collimate(exposure), 0, 255)
    return pictures


def _curve(points: tuple[tuple[float, float], ...]) -> Array:
    """A Catmull-Rom curve through the points, sampled about twice a pixel."""
    knots = np.asarray((points[0], *points, points[-1]), np.float32)
    pieces = []
    for p0, p1, p2, p3 in zip(knots, knots[1:], knots[2:], knots[3:], strict=False):
        t = np.linspace(0, 1, max(2, int(np.hypot(*(p2 - p1)) * 2)), endpoint=False)[:, None]
        pieces.append(
            0.5 * (2 * p1 + (p2 - p0) * t + (2 * p0 - 5 * p1 + 4 * p2 - p3) * t**2
                   + (3 * p1 - p0 - 3 * p2 + p3) * t**3)
        )  # fmt: skip
    return np.asarray(np.concatenate(pieces), np.float32)


def _vessel_maps(angiogram: Angiogram) -> tuple[Array, Array]:
    """Thickness of contrast under each pixel (mm), and the path it travels to get there."""
    thickness = np.zeros((SIZE, SIZE), np.float32)
    arrival = np.full((SIZE, SIZE), 1e6, np.float32)
    for branch in TREE:
        curve = _curve(branch.points)
        step = np.hypot(*np.diff(curve, axis=0, prepend=curve[:1]).T)
        travelled = branch.starts_after + np.cumsum(step)
        calibre = np.linspace(*branch.calibre, len(curve))
        gap = np.hypot(*(curve - np.asarray(STENOSIS_AT)).T)
        if branch.calibre[0] == 9.0:
            calibre = calibre * (1.0 - angiogram.stenosis * np.exp(-((gap / 7.0) ** 2)))
        for (x, y), path, width in zip(curve, travelled, calibre, strict=True):
            _stamp(thickness, arrival, float(x), float(y), float(path), float(width))
    return thickness, arrival


def _stamp(
    thickness: Array, arrival: Array, x: float, y: float, path: float, diameter: float
) -> None:
    reach = int(diameter / 2 + 2)
    top, left = max(int(y) - reach, 0), max(int(x) - reach, 0)
    box = (slice(top, int(y) + reach + 1), slice(left, int(x) + reach + 1))
    rows = np.arange(top, top + thickness[box].shape[0])[:, None]
    columns = np.arange(left, left + thickness[box].shape[1])[None, :]
    radius = diameter / 2
    squared = (rows - y) ** 2 + (columns - x) ** 2
    # A cylinder's chord, with a soft rim where the pixel is partly covered.
    chord = 2.0 * np.sqrt(np.clip(radius**2 - squared, 0.0, None))
    chord += np.clip(radius + 0.5 - np.sqrt(squared), 0.0, 1.0) * 0.4
    thickness[box] = np.maximum(thickness[box], chord)
    arrival[box] = np.where(chord > 0, np.minimum(arrival[box], path), arrival[box])


def _bolus(seconds: float, arrival: Array) -> Array:
    """How full each vessel is: contrast reaches it, stays while injected, and washes out."""
    reached = np.clip((seconds - 0.45 - arrival / 420.0) / 0.16, 0.0, 1.0)
    washed = np.clip((seconds - 2.55 - arrival / 380.0) / 0.8, 0.0, 1.0)
    return np.asarray(reached * (1.0 - washed), np.float32)


def _beat(image: Array, seconds: float) -> Array:
    """The tree on the contracting heart: towards the apex and inwards, then back."""
    phase = (seconds / BEAT_SECONDS) % 1.0
    squeeze = np.exp(-(((phase - 0.35) / 0.16) ** 2))
    scale, twist = 1.0 + 0.085 * squeeze, 0.045 * squeeze
    row, column = np.mgrid[0:SIZE, 0:SIZE].astype(np.float32)
    dx, dy = column - 200.0, row - 140.0
    source_x = 200.0 + scale * (dx * np.cos(twist) + dy * np.sin(twist)) + 5.0 * squeeze
    source_y = 140.0 + scale * (dy * np.cos(twist) - dx * np.sin(twist)) - 6.0 * squeeze
    return _sample(image, source_x, source_y)


def _sample(image: Array, x: Array, y: Array) -> Array:
    left = np.clip(x.astype(np.int32), 0, SIZE - 2)
    top = np.clip(y.astype(np.int32), 0, SIZE - 2)
    a, b = np.clip(x - left, 0, 1), np.clip(y - top, 0, 1)
    upper = image[top, left] * (1 - a) + image[top, left + 1] * a
    lower = image[top + 1, left] * (1 - a) + image[top + 1, left + 1] * a
    return np.asarray(upper * (1 - b) + lower * b, np.float32)


def _background(rng: np.random.Generator) -> Array:
    """Lung, the heart's shadow, spine, ribs, diaphragm and the catheter."""
    row, column = np.mgrid[0:SIZE, 0:SIZE].astype(np.float32)
    path = np.full((SIZE, SIZE), 0.18, np.float32)
    heart = ((column - 300) / 190) ** 2 + ((row - 280) / 190) ** 2
    path += 0.34 * _step((1.0 - heart) * 9.0)
    path += 0.30 * _step((row - 430 - 0.0009 * (column - 260) ** 2) / 5.0)
    spine = np.abs(column - 64 - 0.02 * row)
    path += 0.26 * _step((42 - spine) / 3.0) * (1.0 + 0.16 * np.sin(row / 13.0))
    for offset in range(-60, 560, 74):
        rib = np.abs(row - offset - 0.20 * column - 0.00045 * (column - 250) ** 2)
        path += 0.07 * np.exp(-((rib / 13.0) ** 6)) + 0.05 * np.exp(-(((rib - 13.0) / 2.4) ** 2))
    coarse = rng.standard_normal((33, 33)).astype(np.float32)
    mottle = np.kron(coarse, np.ones((16, 16), np.float32))[:SIZE, :SIZE]
    for _ in range(3):
        mottle = (
            mottle + np.roll(mottle, 5, 0) + np.roll(mottle, 5, 1) + np.roll(mottle, -5, 0)
        ) / 4
    path += 0.02 * mottle
    catheter = _curve(((120, 0), (118, 70), (134, 118), (158, 130), (178, 138)))
    line = np.zeros((SIZE, SIZE), np.float32)
    for x, y in catheter:
        _stamp(line, line.copy(), float(x), float(y), 0.0, 6.5)
    path += 0.045 * line
    return np.asarray(232.0 * np.exp(-path * 1.35), np.float32)


def _step(level: Array) -> Array:
    """A soft edge: nought far below zero, one far above."""
    return np.asarray(0.5 + 0.5 * np.tanh(level / 2.0), np.float32)


def _collimate(image: Array) -> Array:
    """The round field of an image intensifier."""
    axis = np.arange(SIZE, dtype=np.float32) - (SIZE - 1) / 2
    radius = np.hypot(axis[:, None], axis[None, :])
    return np.asarray(image * np.clip((254.0 - radius) / 3.0, 0.0, 1.0) + 4.0, np.float32)
