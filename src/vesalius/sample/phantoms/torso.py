"""Chest and upper abdomen in Hounsfield units, contrast-enhanced, with optional disease."""

from __future__ import annotations

import numpy as np

from vesalius.sample.phantoms.abdomen import draw_abdomen, paint_liver
from vesalius.sample.phantoms.body import (
    AIR,
    FAT,
    MUSCLE,
    Torso,
    cavity_axes,
    diaphragm,
    outline_radius,
    radius,
)
from vesalius.sample.phantoms.grid import Array, Grid, Mask, paint_tube, smooth_noise
from vesalius.sample.phantoms.lungs import draw_disease, draw_lungs, draw_vessels, paint_nodule
from vesalius.sample.phantoms.mediastinum import draw_airways, draw_mediastinum
from vesalius.sample.phantoms.skeleton import draw_skeleton


def draw(grid: Grid, torso: Torso) -> Array:
    """The whole chest on a grid; roughly one second for six million voxels."""
    wobble = smooth_noise(grid, wavelength=60.0, seed=torso.seed) * 2.2
    fine = smooth_noise(grid, wavelength=14.0, seed=torso.seed + 1)
    volume = np.full(grid.shape, AIR, np.float32)
    outline = outline_radius(grid, wobble)
    _soft_wall(volume, grid, outline, fine)
    cavity = radius(grid, *cavity_axes(grid)) + wobble * 0.006 < 1.0
    _abdominal_fat(volume, grid, cavity, wobble)
    lungs = draw_lungs(volume, grid, cavity, wobble, fine)
    draw_mediastinum(volume, grid, wobble, torso)
    draw_abdomen(volume, grid, cavity & ~lungs, wobble, fine, torso)
    draw_airways(volume, grid)
    draw_vessels(volume, grid, lungs, torso)
    draw_disease(volume, grid, lungs, fine, torso)
    draw_skeleton(volume, grid, outline)
    if torso.table:
        _table(volume, grid)
    return volume


def nodule_mask(grid: Grid, torso: Torso) -> Mask:
    """Voxels of every nodule, for the segmentation that measures them."""
    fine = smooth_noise(grid, wavelength=14.0, seed=torso.seed + 1)
    canvas = np.zeros(grid.shape, np.float32)
    for nodule in torso.nodules:
        paint_nodule(canvas, grid, nodule, fine, 1.0)
    return canvas > 0


def liver_mask(grid: Grid, torso: Torso) -> Mask:
    """Voxels of the liver, as it was painted."""
    bare = Torso(seed=torso.seed, table=False)
    wobble = smooth_noise(grid, wavelength=60.0, seed=bare.seed) * 2.2
    cavity = radius(grid, *cavity_axes(grid)) + wobble * 0.006 < 1.0
    canvas = np.zeros(grid.shape, np.float32)
    paint_liver(canvas, grid, cavity & (grid.z < diaphragm(grid) - 2.0), wobble, 1.0)
    return canvas > 0


def _soft_wall(volume: Array, grid: Grid, outline: Array, fine: Array) -> None:
    """Skin, subcutaneous fat, and the muscles of the wall with fat planes between them."""
    volume[outline < 1.0] = 15.0
    volume[outline < 0.984] = FAT
    fat = (
        0.905
        - 0.035 * np.clip(-grid.y / 100.0, 0, 1)
        - 0.02 * np.clip((120.0 - grid.z) / 120.0, 0, 1)
    )
    muscle = outline < fat + fine * 0.008
    volume[muscle] = MUSCLE
    seams = np.abs(smooth_noise(grid, wavelength=36.0, seed=77)) < 0.11
    volume[muscle & seams] = -60.0


def _abdominal_fat(volume: Array, grid: Grid, cavity: Mask, wobble: Array) -> None:
    volume[cavity] = FAT + 6.0
    # Psoas and the crura stand beside the lumbar spine.
    for side in (-1, 1):
        paint_tube(
            volume, grid,
            [(side * 26.0, 52.0, 130.0), (side * 36.0, 50.0, 40.0), (side * 44.0, 46.0, -40.0)],
            [6.0, 17.0, 24.0], MUSCLE,
        )  # fmt: skip


def _table(volume: Array, grid: Grid) -> None:
    bed = 131.0 - 0.0011 * grid.x**2
    depth = grid.y - bed
    wide = np.abs(grid.x) < 215.0
    volume[
        np.broadcast_to((depth > 0) & (depth < 16) & wide, grid.shape) & (volume < -500)
    ] = -930.0
    shell = ((depth > 0) & (depth < 2.0)) | ((depth > 14.0) & (depth < 16.0))
    volume[np.broadcast_to(shell & wide, grid.shape) & (volume < -500)] = 40.0
