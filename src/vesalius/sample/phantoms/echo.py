"""An apical four-chamber view of a beating heart, as a sector scanner shows it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vesalius.sample.phantoms.grid import Array

ROWS, COLUMNS = 600, 800
#: The sector's apex on the screen, its half angle, depth and scale.
APEX_COLUMN, APEX_ROW = 400, 28
HALF_ANGLE = np.deg2rad(42.0)
DEPTH_MM = 165.0
PIXELS_PER_MM = 3.3
LINES, SAMPLES = 192, 512


@dataclass(frozen=True)
class Echo:
    """How the heart beats: `ejection` is the fraction of its length the ventricle loses."""

    ejection: float = 0.60
    hypokinetic_septum: bool = False
    seed: int = 1


def cine(echo: Echo, *, frames: int, colour: bool = False) -> np.ndarray:
    """One beat as RGB frames (frames, ROWS, COLUMNS, 3), looping without a seam."""
    rng = np.random.default_rng(echo.seed)
    depth = np.linspace(0.0, DEPTH_MM, SAMPLES, dtype=np.float32)[:, None]
    angle = np.linspace(-HALF_ANGLE, HALF_ANGLE, LINES, dtype=np.float32)[None, :]
    x, z = depth * np.sin(angle), depth * np.cos(angle)
    grain = _scatterers(rng)
    convert = _ScanConverter()
    overlay = _overlay(frames)
    pictures = np.zeros((frames, ROWS, COLUMNS, 3), np.uint8)
    for frame in range(frames):
        phase = frame / frames
        squeeze = _systole(phase)
        reflectivity, blood = _heart(x, z, squeeze * echo.ejection, echo)
        moved = np.roll(grain, round(10 * squeeze), axis=0)
        grey = _log_compress(reflectivity * moved, depth)
        picture = convert(grey)[..., None].repeat(3, axis=-1)
        if colour:
            _paint_flow(picture, convert, x, z, blood, phase, moved)
        np.maximum(picture, overlay[frame], out=picture)
        pictures[frame] = picture
    return pictures


def _systole(phase: float) -> float:
    """How contracted the ventricle is: a fast squeeze, a relaxation, an atrial kick."""
    squeeze = np.exp(-(((phase - 0.36) / 0.13) ** 2))
    kick = 0.12 * np.exp(-(((phase - 0.92) / 0.05) ** 2))
    return float(np.clip(squeeze - kick, -0.1, 1.0))


def _scatterers(rng: np.random.Generator) -> Array:
    """Fully developed speckle: a complex Gaussian field as wide as the beam is."""
    field = rng.standard_normal((2, SAMPLES, LINES)).astype(np.float32)
    for axis, width in ((1, 3), (2, 5)):
        kernel = np.hanning(width + 2)[1:-1]
        kernel /= kernel.sum()
        field = sum(
            (weight * np.roll(field, shift - width // 2, axis=axis))
            for shift, weight in enumerate(kernel)
        )
    magnitude = np.sqrt((field**2).sum(axis=0))
    return np.asarray(magnitude / magnitude.mean(), np.float32)


def _ellipse(x: Array, z: Array, centre: tuple[float, float], size: tuple[float, float]) -> Array:
    """Signed distance (mm, about) from an ellipse; negative inside."""
    level = np.sqrt(((x - centre[0]) / size[0]) ** 2 + ((z - centre[1]) / size[1]) ** 2)
    return np.asarray((level - 1.0) * min(size), np.float32)


def _heart(x: Array, z: Array, squeeze: float, echo: Echo) -> tuple[Array, Array]:
    """Reflectivity of each sample, and where blood is."""
    base = 96.0 - 13.0 * squeeze  # the mitral plane is drawn towards the apex
    narrow = 1.0 - 0.36 * squeeze
    septal = 5.0 * squeeze * (0.2 if echo.hypokinetic_septum else 1.0)
    left = _ellipse(x, z, (16.0 + septal * 0.4, base / 2 + 14.0), (22.0 * narrow, base / 2 - 10.0))
    right = _ellipse(x, z, (-22.0, base / 2 + 22.0), (15.0 * (1 - 0.25 * squeeze), base / 2 - 18.0))
    fill = 1.0 + 0.16 * squeeze
    left_atrium = _ellipse(x, z, (20.0, base + 24.0), (19.0 * fill, 21.0 * fill))
    right_atrium = _ellipse(x, z, (-21.0, base + 22.0), (17.0 * fill, 19.0 * fill))
    thickness = 9.0 + 4.5 * squeeze
    rings = np.minimum(
        _ellipse(x, z, (20.0, base + 2.0), (13.0, 11.0)),
        _ellipse(x, z, (-22.5, base + 2.0), (10.5, 10.0)),
    )
    chambers = np.minimum(np.minimum(left, right), np.minimum(left_atrium, right_atrium))
    chambers = np.minimum(chambers, rings)
    wall = np.minimum(
        left - thickness, np.minimum(right - 4.0, np.minimum(left_atrium, right_atrium) - 3.0)
    )
    tissue = np.full(np.broadcast(x, z).shape, 0.075, np.float32)  # lung and liver behind the heart
    tissue *= 1.0 + 0.5 * np.sin(x / 9.0) * np.sin(z / 13.0)
    tissue[wall < 3.0] = 0.9  # pericardium shines
    tissue[wall < 0.5] = 0.30
    tissue[(wall < 0.5) & (np.abs(chambers) < 1.4)] = 0.55  # endocardium
    tissue[chambers < 0] = 0.0045
    septum = (
        (np.abs(x - (-6.5 + 0.06 * (z - 40.0) + septal)) < 4.6 + squeeze)
        & (z > 26.0)
        & (z < base + 2.0)
    )
    tissue[septum] = 0.42
    atrial = (np.abs(x - (-0.5)) < 1.6) & (z >= base) & (z < base + 40.0)
    tissue[atrial] = 0.35
    opening = 1.0 - min(1.0, max(0.0, squeeze * 4.0))
    for hinge, reach, side in (
        (4.0, 20.0, 1),
        (36.0, 14.0, -1),
        (-34.0, 13.0, 1),
        (-11.0, 12.0, -1),
    ):
        _leaflet(tissue, x, z, (hinge, base), reach, side, opening)
    for centre in ((9.0, 62.0), (26.0, 60.0)):  # papillary muscles
        tissue[_ellipse(x, z, centre, (3.5 + squeeze, 7.0)) < 0] = 0.28
    tissue[(z < 7.0) & (z > 0)] = 0.7
    blood = np.asarray((chambers < 0) & (tissue < 0.02), np.float32)
    return tissue, blood


def _leaflet(
    tissue: Array,
    x: Array,
    z: Array,
    hinge: tuple[float, float],
    reach: float,
    side: int,
    opening: float,
) -> None:
    """A valve leaflet from its hinge: flat across the ring when shut, hanging when open."""
    swing = np.deg2rad(12.0 + 62.0 * opening)
    along = side * (x - hinge[0]) * np.cos(swing) - (z - hinge[1]) * np.sin(swing)
    across = side * (x - hinge[0]) * np.sin(swing) + (z - hinge[1]) * np.cos(swing)
    tissue[(along > 0) & (along < reach) & (np.abs(across) < 1.1)] = 0.75


def _log_compress(echoes: Array, depth: Array) -> Array:
    """Envelope to screen: attenuation left by imperfect gain, then sixty decibels into 8 bits."""
    level = echoes * np.exp(-depth / 260.0) + 0.0016
    decibel = 20.0 * np.log10(level)
    return np.asarray(np.clip((decibel + 50.0) / 52.0, 0.0, 1.0) * 255.0, np.float32)


class _ScanConverter:
    """Polar samples to screen pixels; the geometry is worked out once."""

    def __init__(self) -> None:
        row, column = np.mgrid[0:ROWS, 0:COLUMNS].astype(np.float32)
        across, down = (column - APEX_COLUMN) / PIXELS_PER_MM, (row - APEX_ROW) / PIXELS_PER_MM
        radius, angle = np.hypot(across, down), np.arctan2(across, np.maximum(down, 1e-3))
        sample = radius / DEPTH_MM * (SAMPLES - 1)
        line = (angle + HALF_ANGLE) / (2 * HALF_ANGLE) * (LINES - 1)
        inside = (sample < SAMPLES - 1) & (line >= 0) & (line < LINES - 1) & (down > 0)
        self._where = np.nonzero(inside)
        self._sample, self._line = sample[inside], line[inside]

    def __call__(self, polar: Array) -> Array:
        first, across = self._sample.astype(np.int32), self._line.astype(np.int32)
        a, b = self._sample - first, self._line - across
        top = polar[first, across] * (1 - b) + polar[first, across + 1] * b
        bottom = polar[first + 1, across] * (1 - b) + polar[first + 1, across + 1] * b
        screen = np.zeros((ROWS, COLUMNS), np.float32)
        screen[self._where] = top * (1 - a) + bottom * a
        return screen


def _paint_flow(
    picture: Array,
    convert: _ScanConverter,
    x: Array,
    z: Array,
    blood: Array,
    phase: float,
    grain: Array,
) -> None:
    """Colour Doppler of the mitral inflow (towards the probe, red) and a regurgitant jet (blue)."""
    early = np.exp(-(((phase - 0.66) / 0.07) ** 2)) + 0.6 * np.exp(-(((phase - 0.93) / 0.045) ** 2))
    inflow = early * np.exp(-(((x - 19.0) / 9.0) ** 2)) * np.exp(-(((z - 74.0) / 30.0) ** 4))
    eject = (
        _systole(phase)
        * np.exp(-(((x - 22.0 - (z - 92) * 0.12) / 5.0) ** 2))
        * np.exp(-(((z - 106.0) / 15.0) ** 4))
    )
    velocity = convert(
        np.asarray((inflow - eject) * blood * (0.7 + 0.3 * grain.clip(0, 2)), np.float32)
    )
    for channel, sign in ((0, 1.0), (2, -1.0)):
        tint = np.clip(velocity * sign, 0.0, 1.0)
        shown = tint > 0.12
        picture[..., channel][shown] = 90.0 + 165.0 * tint[shown]
        picture[..., 1][shown] = 150.0 * tint[shown] ** 2
        picture[..., 2 - channel][shown] = 0.0


def _overlay(frames: int) -> np.ndarray:
    """The electrocardiogram along the foot of the screen, a depth ruler and the grey bar."""
    overlay = np.zeros((frames, ROWS, COLUMNS, 3), np.uint8)
    columns = np.arange(120, 680)
    beats = ((columns - 120) / 280.0) % 1.0
    trace = (
        10 * np.exp(-(((beats - 0.08) / 0.022) ** 2))
        + 46 * np.exp(-(((beats - 0.22) / 0.009) ** 2))
        - 9 * np.exp(-(((beats - 0.245) / 0.008) ** 2))
        + 14 * np.exp(-(((beats - 0.46) / 0.045) ** 2))
    )  # fmt: skip
    rows = (578 - trace).astype(int)
    for column, row, following in zip(columns, rows, np.append(rows[1:], rows[-1]), strict=True):
        low, high = sorted((row, following))
        overlay[:, low : high + 1, column, 1] = 200
    overlay[:, APEX_ROW : APEX_ROW + int(DEPTH_MM * PIXELS_PER_MM), 746, :] = 90
    for tick in range(0, int(DEPTH_MM), 10):
        row = APEX_ROW + int(tick * PIXELS_PER_MM)
        overlay[:, row, 740 if tick % 50 else 732 : 747, :] = 170
    overlay[:, 60:260, 24:38, :] = np.linspace(255, 0, 200, dtype=np.uint8)[None, :, None, None]
    for frame in range(frames):
        sweep = 120 + int(280 * frame / frames)
        overlay[frame, 530:590, sweep, :2] = 220
    return overlay
