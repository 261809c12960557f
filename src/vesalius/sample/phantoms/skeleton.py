"""Ribs, spine, sternum, shoulder blades and collar bones."""

from __future__ import annotations

import numpy as np

from vesalius.sample.phantoms.body import CARTILAGE, CORTEX, DISC, MARROW, cavity_axes, radius
from vesalius.sample.phantoms.grid import Array, Grid, Point, paint_ellipsoid, paint_tube


def draw_skeleton(volume: Array, grid: Grid, outline: Array) -> None:
    _ribs(volume, grid)
    _spine(volume, grid)
    _shoulder_girdle(volume, grid)
    front = -95.0
    for size, value in (((19, 6.5, 62), CORTEX), ((17, 4.6, 60), MARROW)):
        paint_ellipsoid(volume, grid, (0, front, 222), size, value, exponent=3.0)
    for size, value in (((24, 8, 20), CORTEX), ((22, 6, 18), MARROW)):
        paint_ellipsoid(volume, grid, (0, front + 4, 292), size, value, exponent=2.6)


def _ribs(volume: Array, grid: Grid) -> None:
    """Twelve pairs on the wall of the cage, each falling from the spine to the front."""
    width, height = cavity_axes(grid)
    distance = radius(grid, width + 5.0, height + 5.0)
    depth = (distance - 1.0) * np.minimum(width, height)
    front = np.clip((60.0 - grid.y) / 150.0, 0.0, 1.0)
    tilt = 82.0 * front**1.2
    phase = (grid.z + tilt - 18.0) / 25.5
    nearest = np.round(phase)
    along = (phase - nearest) * 25.5
    shell = (along / 6.2) ** 2 + (depth / 4.0) ** 2
    exists = (nearest >= 2) & (nearest <= 13) & (np.abs(grid.x) > 14.0)
    # The lowest ribs float: they end before they reach the front.
    exists &= (grid.y > -20.0 + (6.0 - nearest) * 18.0) | (nearest > 6)
    bony = np.asarray((np.abs(grid.x) > 48.0) | (grid.y > 0.0))
    volume[(shell < 1.0) & exists & bony] = CORTEX
    volume[(shell < 0.52) & exists & bony] = MARROW
    volume[(shell < 1.0) & exists & ~bony & (np.abs(grid.x) > 16.0)] = CARTILAGE


def _spine(volume: Array, grid: Grid) -> None:
    pitch, disc = 27.0, 6.5
    phase = np.mod(grid.z, pitch)
    in_disc = phase < disc
    waist = 1.0 - 0.07 * np.sin(np.pi * np.clip((phase - disc) / (pitch - disc), 0, 1))
    size = 1.0 - 0.0011 * np.clip(grid.z - 60.0, 0, None)
    radius = np.sqrt((grid.x / (22.5 * size)) ** 2 + ((grid.y - 56.0) / (17.0 * size)) ** 2) / waist
    volume[np.broadcast_to((radius < 1.0) & in_disc, grid.shape)] = DISC
    plate = np.minimum(phase - disc, pitch - phase) < 1.6
    volume[np.broadcast_to((radius < 1.0) & ~in_disc, grid.shape)] = 520.0
    inside = np.broadcast_to((radius < 0.91) & ~in_disc & ~plate, grid.shape)
    volume[inside] = MARROW + 15.0
    canal = np.sqrt((grid.x / 11.0) ** 2 + ((grid.y - 82.0) / 9.5) ** 2)
    arch = (canal < 1.5) & (phase > disc) & (phase < 22.0) & (grid.y > 70.0)
    spread = (np.abs(grid.y - 80.0 - np.abs(grid.x) * 0.12) < 4.4) & (np.abs(grid.x) < 36.0)
    transverse = spread & (phase > 13.0) & (phase < 22.0)
    spinous = (np.abs(grid.x) < 3.4) & (grid.y > 88.0) & (grid.y < 112.0)
    spinous = spinous & (np.abs(np.mod(grid.z + 0.9 * (grid.y - 88.0), pitch) - 15.0) < 5.5)
    for part, value in ((arch, 560.0), (transverse, 430.0), (spinous, 460.0)):
        volume[np.broadcast_to(part, grid.shape)] = value
    volume[np.broadcast_to(canal < 1.0, grid.shape)] = -20.0
    volume[np.broadcast_to(canal < 0.9, grid.shape)] = 10.0
    volume[np.broadcast_to(canal < 0.55, grid.shape)] = 42.0


def _shoulder_girdle(volume: Array, grid: Grid) -> None:
    for side in (-1, 1):
        blade: list[Point] = [
            (side * 70.0, 92.0, 316.0), (side * 88.0, 96.0, 270.0), (side * 98.0, 90.0, 200.0)
        ]  # fmt: skip
        paint_tube(volume, grid, blade, [6.0, 4.0, 3.0], CORTEX)
        ridge: list[Point] = [(side * 62.0, 90.0, 250.0), (side * 118.0, 72.0, 250.0)]
        for height in range(-46, 54, 4):
            reach = 1.0 - abs(height) / 95.0
            paint_tube(
                volume, grid,
                [
                    (side * (80 - 18 * reach), 94, 250.0 + height),
                    (side * (84 + 30 * reach), 80, 252.0 + height),
                ],
                2.6, CORTEX * 0.8,
            )  # fmt: skip
        paint_tube(volume, grid, ridge, [3.0, 7.0], CORTEX)
        clavicle: list[Point] = [
            (side * 20.0, -82.0, 306.0), (side * 60.0, -84.0, 318.0), (side * 100.0, -46.0, 330.0),
            (side * 138.0, -8.0, 334.0),
        ]  # fmt: skip
        paint_tube(volume, grid, clavicle, [8.0, 6.0, 6.0, 7.0], CORTEX)
        paint_tube(volume, grid, clavicle, [5.5, 3.4, 3.4, 4.5], MARROW)
        for size, value in ((24.0, CORTEX), (21.0, MARROW)):
            paint_ellipsoid(volume, grid, (side * 142.0, 10.0, 316.0), (size, size, size), value)
