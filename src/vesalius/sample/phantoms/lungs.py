"""The lungs: their borders, vessels, and what may ail them."""

from __future__ import annotations

import numpy as np

from vesalius.sample.phantoms.body import LUNG, Nodule, Torso, cavity_axes, diaphragm, radius
from vesalius.sample.phantoms.grid import Array, Grid, Mask, Point, paint_ellipsoid, paint_tube


def draw_lungs(volume: Array, grid: Grid, cavity: Mask, wobble: Array, fine: Array) -> Mask:
    z = grid.z
    waist = (
        24.0 + 12.0 * np.exp(-(((z - 240.0) / 26.0) ** 2)) + 8.0 * np.exp(-(((z - 190) / 40) ** 2))
    )
    heart = (
        ((grid.x - 26.0) / 66.0) ** 2 + ((grid.y + 26.0) / 54.0) ** 2 + ((z - 172.0) / 62.0) ** 2
    ) < 1.06
    # The pleura leaves a broad back, narrows at the middle, and nearly meets behind the sternum.
    waist = waist - 0.0042 * (grid.y - 12.0) ** 2 * (grid.y < 12.0)
    middle = (np.abs(grid.x - 2.0) < np.maximum(waist, 5.0) + wobble * 2.4) & (grid.y < 58.0)
    spine = (np.abs(grid.x) < 27.0) & (grid.y > 34.0)
    width, height = cavity_axes(grid)
    inner = radius(grid, width - 3.0, height - 3.0) + wobble * 0.006 < 1.0
    lungs = inner & ~middle & ~heart & ~spine & (z > diaphragm(grid) + wobble * 0.8)
    # Dependent lung is denser; interstitium gives the texture a window of -600 shows.
    parenchyma = LUNG + 0.35 * (grid.y + 80.0) + fine * 11.0
    volume[lungs] = np.broadcast_to(parenchyma, grid.shape)[lungs]
    for offset, slope in ((238.0, 0.75), (222.0, 0.55)):
        fissure = np.abs(z - (offset - slope * (40.0 - grid.y)) - wobble) < 1.1
        volume[lungs & fissure & ((grid.x > 0) if offset > 230 else (grid.x < 0))] = -690.0
    return np.asarray(lungs)


def draw_vessels(volume: Array, grid: Grid, lungs: Mask, torso: Torso) -> None:
    """Arteries that fork from each hilum, thinner and shorter at every generation."""
    rng = np.random.default_rng(torso.seed + 5)
    for side in (-1, 1):
        for direction in (
            (0.75, -0.35, 0.65), (0.55, 0.35, 0.75), (0.95, -0.2, 0.05), (0.65, -0.65, -0.2),
            (0.6, 0.55, -0.55), (0.75, 0.15, -0.75), (0.35, 0.75, -0.2), (0.45, -0.6, 0.5),
        ):  # fmt: skip
            start = np.array((side * 42.0, 16.0, 214.0))
            _grow(volume, grid, lungs, rng, start, np.array(direction) * (side, 1, 1), 4.6, 27.0)


def _grow(
    volume: Array,
    grid: Grid,
    lungs: Mask,
    rng: np.random.Generator,
    start: Array | np.ndarray,
    direction: np.ndarray,
    radius: float,
    length: float,
) -> None:
    if radius < 0.7:
        return
    direction = direction / np.linalg.norm(direction)
    end = start + direction * length
    paint_tube(
        volume, grid, [tuple(start), tuple(end)], [radius, radius * 0.82],
        60.0 if radius > 1.3 else -180.0, where=lungs, keep_brighter=True,
    )  # fmt: skip
    for _ in range(2):
        turned = direction + rng.normal(0.0, 0.45, 3)
        _grow(volume, grid, lungs, rng, end, turned, radius * rng.uniform(0.7, 0.84), length * 0.83)


def draw_disease(volume: Array, grid: Grid, lungs: Mask, fine: Array, torso: Torso) -> None:
    for nodule in torso.nodules:
        paint_nodule(volume, grid, nodule, fine, 48.0)
    if torso.consolidation:
        patch = np.asarray(
            ((grid.x + 78) / 42) ** 2 + ((grid.y - 28) / 36) ** 2 + ((grid.z - 172) / 34) ** 2
        )
        veil = np.clip(1.25 - patch + fine * 0.22, 0.0, 1.0)
        volume[lungs] += (np.clip(veil * 1.6, 0, 1) * (30.0 - volume).clip(0, None) * 0.92)[lungs]
    if torso.effusion:
        level = np.asarray(grid.y > 62.0 - 0.25 * (150.0 - grid.z)) & np.asarray(grid.x < 0)
        volume[lungs & level & np.asarray(grid.z < 200.0)] = 8.0


def paint_nodule(volume: Array, grid: Grid, nodule: Nodule, fine: Array, value: float) -> None:
    radii: Point = (nodule.radius, nodule.radius * 0.92, nodule.radius * 1.05)
    (x, y, z), reach = nodule.centre, nodule.radius
    near = grid.window((x - reach, y - reach, z - reach), (x + reach, y + reach, z + reach))
    # Uneven, but no smaller or larger than it is said to be.
    bumps = fine - (float(fine[near].mean()) if fine[near].size else 0.0)
    bend = bumps * (nodule.radius * 0.12 if nodule.spiculated else 0.0)
    paint_ellipsoid(volume, grid, nodule.centre, radii, value, warp=bend)
    if not nodule.spiculated or value == 1.0:
        return
    rng = np.random.default_rng(3)
    for direction in rng.normal(size=(14, 3)):
        direction /= np.linalg.norm(direction)
        tip = np.asarray(nodule.centre) + direction * nodule.radius * rng.uniform(1.5, 2.1)
        paint_tube(
            volume, grid, [nodule.centre, tuple(tip)], [1.4, 0.7], -120.0, keep_brighter=True
        )
