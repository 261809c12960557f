"""Scalp, skull, orbits, sinuses and face."""

from __future__ import annotations

import numpy as np

from vesalius.sample.phantoms.brain import BRAIN_RADII, CENTRE_OF_BRAIN
from vesalius.sample.phantoms.grid import Array, Grid, Point, ellipsoid
from vesalius.sample.phantoms.tissues import Tissue, ball, tube


def draw_scalp(tissue: np.ndarray, grid: Grid, wobble: Array) -> None:
    centre, radii = CENTRE_OF_BRAIN, BRAIN_RADII
    for grow, kind in ((13.5, Tissue.SKIN), (11.5, Tissue.FAT), (8.6, Tissue.MUSCLE)):
        vault = ellipsoid(
            grid, centre, (radii[0] + grow, radii[1] + grow, radii[2] + grow), warp=wobble
        )
        # Below the vault the face reaches forward and the neck goes straight down.
        face = ellipsoid(
            grid, (0, -22, 34), (56 + grow, 62 + grow, 70 + grow), warp=wobble, exponent=2.6
        )
        neck = ellipsoid(
            grid, (0, 22, 0), (50 + grow, 56 + grow, 90 + grow), warp=wobble, exponent=2.6
        )
        below = grid.z < 84.0
        tissue[vault | ((face | neck) & below)] = kind
    tissue[(np.abs(wobble) < 0.12) & (tissue == Tissue.MUSCLE)] = Tissue.FAT
    nose = ellipsoid(grid, (0, -96, 40), (12, 17, 24))
    tissue[nose & (tissue == Tissue.AIR)] = Tissue.SKIN


def draw_skull(tissue: np.ndarray, grid: Grid, wobble: Array) -> None:
    centre, radii = CENTRE_OF_BRAIN, BRAIN_RADII
    base = grid.z > 34.0 + 0.12 * (grid.y + 60.0) * (grid.y < 0) - 0.16 * np.clip(grid.y, 0, 60)
    for grow, kind in ((8.0, Tissue.BONE), (6.0, Tissue.MARROW), (3.4, Tissue.BONE)):
        shell = ellipsoid(
            grid, centre, (radii[0] + grow, radii[1] + grow, radii[2] + grow), warp=wobble
        )
        tissue[shell & base] = kind
    for side in (-1, 1):
        petrous: list[Point] = [(side * 62.0, 30.0, 46.0), (side * 18.0, 2.0, 46.0)]
        tube(tissue, grid, petrous, [13.0, 7.0], Tissue.BONE)
        for x, y, z in ((58, 34, 44), (64, 42, 38), (60, 28, 36), (52, 36, 50), (64, 34, 30)):
            ball(tissue, grid, (side * x, y, z), (4.2, 4.0, 4.2), Tissue.AIR)
        wing: list[Point] = [(side * 58.0, -22.0, 58.0), (side * 20.0, -30.0, 60.0)]
        tube(tissue, grid, wing, [4.5, 4.0], Tissue.BONE)
    clivus: list[Point] = [(0, -8, 60), (0, 14, 24)]
    tube(tissue, grid, clivus, [10.0, 8.0], Tissue.BONE)
    tube(tissue, grid, clivus, [7.0, 5.0], Tissue.MARROW)


def draw_cavities(tissue: np.ndarray, grid: Grid) -> None:
    for side in (-1, 1):
        orbit: list[Point] = [(side * 31.0, -72.0, 50.0), (side * 14.0, -30.0, 52.0)]
        tube(tissue, grid, orbit, [20.0, 8.0], Tissue.BONE)
        tube(tissue, grid, orbit, [18.0, 6.0], Tissue.FAT)
        eye: Point = (side * 31.0, -74.0, 50.0)
        ball(tissue, grid, eye, (12.6, 12.6, 12.6), Tissue.MUSCLE)
        ball(tissue, grid, eye, (11.6, 11.6, 11.6), Tissue.EYE)
        ball(tissue, grid, (eye[0], -82.5, 50.0), (4.8, 2.2, 4.8), Tissue.LENS)
        tube(tissue, grid, [(side * 30.0, -62, 50), (side * 14.0, -30, 53)], 2.2, Tissue.GREY)
        for shift in ((10.0, 0.0), (-10.0, 0.0), (0.0, 10.0), (0.0, -10.0)):
            muscle: list[Point] = [
                (eye[0] + shift[0], -64.0, 50.0 + shift[1]), (side * 14.0, -32.0, 52.0)
            ]  # fmt: skip
            tube(tissue, grid, muscle, [2.0, 1.4], Tissue.MUSCLE)
        maxillary: Point = (side * 27.0, -62.0, 14.0)
        ball(tissue, grid, maxillary, (19, 20, 19), Tissue.BONE)
        ball(tissue, grid, maxillary, (17, 18, 17), Tissue.AIR)
        for y in (-74, -64, -54, -44):
            ball(tissue, grid, (side * 5.5, y, 46.0), (4.2, 4.4, 9), Tissue.AIR)
        frontal: Point = (side * 11.0, -84.0, 74.0)
        ball(tissue, grid, frontal, (10, 5, 9), Tissue.BONE)
        ball(tissue, grid, frontal, (8.6, 3.6, 7.6), Tissue.AIR)
        canal: list[Point] = [(side * 84.0, 14.0, 40.0), (side * 52.0, 14.0, 42.0)]
        tube(tissue, grid, canal, 3.4, Tissue.AIR)
    ball(tissue, grid, (0, -26, 52), (12, 11, 8), Tissue.BONE)
    ball(tissue, grid, (0, -26, 52), (10, 9, 6), Tissue.AIR)
    nasal = ellipsoid(grid, (0, -62, 20), (11, 36, 18))
    tissue[nasal & (np.abs(grid.x) > 1.2)] = Tissue.AIR
    for side in (-1, 1):
        tube(tissue, grid, [(side * 6.5, -80, 14), (side * 6.5, -40, 14)], 3.0, Tissue.MUSCLE)
    throat: list[Point] = [(0, -22, 24), (0, -14, -20)]
    tube(tissue, grid, throat, [9.0, 8.0], Tissue.AIR)
