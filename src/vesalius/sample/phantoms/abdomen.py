"""Liver, spleen, kidneys, pancreas, stomach and bowel."""

from __future__ import annotations

import numpy as np

from vesalius.sample.phantoms.body import AIR, FAT, LIVER, MUSCLE, SPLEEN, WATER, Torso, diaphragm
from vesalius.sample.phantoms.grid import Array, Grid, Mask, Point, paint_ellipsoid, paint_tube

CENTRE_OF_LIVER: Point = (-52.0, -8.0, 96.0)

RADII_OF_LIVER: Point = (98.0, 82.0, 70.0)


def draw_abdomen(
    volume: Array, grid: Grid, inside: Mask, wobble: Array, fine: Array, torso: Torso
) -> None:
    enhanced = torso.contrast
    below = inside & (grid.z < diaphragm(grid) - 2.0)
    volume[inside & (np.abs(grid.z - diaphragm(grid) + 1.0) < 1.8) & (grid.z > 66.0)] = MUSCLE
    liver = (LIVER if enhanced else 58.0) + fine * 2.0
    paint_liver(volume, grid, below, wobble, liver)
    vein = 165.0 if enhanced else 42.0
    for branch in (
        [(-26, 14, 138), (-60, -4, 128), (-100, -20, 112)],
        [(-26, 14, 138), (-48, 30, 118), (-84, 44, 92)],
        [(-26, 12, 138), (-10, -34, 124), (14, -52, 112)],
        [(-16, -2, 72), (-44, -8, 84), (-86, -24, 84)],
        [(-44, -8, 84), (-72, 26, 76)],
        [(-30, -6, 80), (-14, -44, 104)],
    ):
        paint_tube(volume, grid, branch, [5.5, 4.0, 2.0][: len(branch)], vein, where=below)
    spleen = (SPLEEN if enhanced else 50.0) + fine * 2.0
    paint_ellipsoid(volume, grid, (102, 34, 100), (24, 42, 44), spleen, where=below, warp=wobble)
    _stomach_and_bowel(volume, grid, below, wobble)
    for side, height in ((-1, 22.0), (1, 34.0)):
        _kidney(volume, grid, (side * 64.0, 42.0, height), wobble, enhanced)
    paint_tube(  # pancreas, draped over the spine
        volume, grid, [(-34, -14, 44), (-12, -20, 52), (18, -16, 62), (56, 8, 74), (84, 22, 82)],
        [13, 10, 9, 9, 7], 88.0 if enhanced else 42.0,
    )  # fmt: skip
    paint_ellipsoid(volume, grid, (-50, -50, 60), (15, 19, 27), WATER, warp=wobble)  # gall bladder


def paint_liver(
    volume: Array, grid: Grid, inside: Mask, wobble: Array, value: float | Array
) -> None:
    paint_ellipsoid(
        volume,
        grid,
        CENTRE_OF_LIVER,
        RADII_OF_LIVER,
        value,
        where=inside,
        warp=wobble * 1.4,
        exponent=2.3,
    )
    paint_ellipsoid(
        volume,
        grid,
        (22.0, -44.0, 112.0),
        (62.0, 34.0, 30.0),
        value,
        where=inside,
        warp=wobble * 1.2,
    )


def _kidney(volume: Array, grid: Grid, centre: Point, wobble: Array, enhanced: bool) -> None:
    x, y, z = centre
    paint_ellipsoid(
        volume, grid, centre, (29, 26, 54), 175.0 if enhanced else 34.0, warp=wobble * 0.5
    )
    for angle in np.linspace(-0.9, 0.9, 5):
        pyramid = (x + np.sign(x) * 9.0, y + 4.0 * np.sin(4 * angle), z + 40.0 * angle)
        paint_ellipsoid(volume, grid, pyramid, (11, 10, 7), 118.0 if enhanced else 30.0)
    paint_ellipsoid(volume, grid, (x - np.sign(x) * 12.0, y - 3.0, z), (16, 10, 22), FAT)
    paint_ellipsoid(volume, grid, (x - np.sign(x) * 10.0, y - 3.0, z), (9, 5, 12), WATER)


def _stomach_and_bowel(volume: Array, grid: Grid, below: Mask, wobble: Array) -> None:
    stomach: Point = (60.0, -24.0, 98.0)
    paint_ellipsoid(volume, grid, stomach, (44, 38, 34), 70.0, where=below, warp=wobble)
    paint_ellipsoid(volume, grid, stomach, (40, 34, 30), 22.0, where=below, warp=wobble)
    bubble = below & np.asarray(grid.y < -38.0)
    paint_ellipsoid(volume, grid, stomach, (40, 34, 30), AIR + 20, where=bubble, warp=wobble)
    rng = np.random.default_rng(11)
    loops = [(-104, -14, z) for z in (30, 6, -18)] + [(106, 4, z) for z in (44, 18, -8)]
    loops += [(x, -62, 34) for x in range(-80, 90, 28)]
    for x, y, z in loops:  # colon: haustra with stool and gas that rises to the front
        where: Point = (x + rng.normal(0, 3), y + rng.normal(0, 3), z + rng.normal(0, 4))
        paint_ellipsoid(volume, grid, where, (20, 18, 17), 55.0, where=below, warp=wobble)
        paint_ellipsoid(
            volume, grid, where, (17, 15, 14), rng.choice([10.0, 35.0, -60.0]), where=below
        )
        gas = below & np.asarray(grid.y < where[1] - rng.uniform(-4, 8))
        paint_ellipsoid(volume, grid, where, (17, 15, 14), AIR + 30.0, where=gas)
    for _ in range(26):  # small bowel
        where = (rng.uniform(-70, 70), rng.uniform(-50, 10), rng.uniform(-40, 26))
        paint_ellipsoid(volume, grid, where, (15, 13, 12), 78.0, where=below, warp=wobble)
        paint_ellipsoid(volume, grid, where, (11, 9, 8), 20.0, where=below)
