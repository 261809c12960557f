"""Cerebrum, cerebellum, ventricles and vessels, with optional disease."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vesalius.sample.phantoms.grid import Array, Grid, Mask, Point, ellipsoid, smooth_noise
from vesalius.sample.phantoms.tissues import Tissue, ball, tube

CENTRE_OF_BRAIN: Point = (0.0, 4.0, 92.0)

BRAIN_RADII: Point = (68.0, 84.0, 64.0)


@dataclass(frozen=True)
class Plaque:
    """A demyelinating lesion of the white matter."""

    centre: Point
    radius: float


@dataclass(frozen=True)
class Head:
    """One person's head; atrophy widens ventricles and sulci."""

    haemorrhage: bool = False
    old_infarct: bool = False
    plaques: tuple[Plaque, ...] = ()
    atrophy: float = 0.0
    seed: int = 1


def draw_cerebrum(tissue: np.ndarray, grid: Grid, wobble: Array, head: Head) -> None:
    """White matter, its folded grey mantle, and the fluid in the folds."""
    space = ellipsoid(grid, CENTRE_OF_BRAIN, BRAIN_RADII, warp=wobble) & (
        grid.z > 36.0 + 0.12 * (grid.y + 60.0) * (grid.y < 0) - 0.16 * np.clip(grid.y, 0, 60)
    )
    tissue[space] = Tissue.FLUID
    depth = _depth(grid) + wobble
    crease, reach = _folds(grid, depth, head)
    cleft = _sylvian_cleft(grid)
    fissure = np.abs(grid.x)
    callosum = ellipsoid(grid, (0, 2, 96), (14, 44, 24)) & (grid.z < 114)
    fluid = (crease < (0.13 + 0.10 * head.atrophy) * reach) | (depth < 2.6 + head.atrophy)
    fluid |= cleft < 1.3 + 0.9 * head.atrophy
    fluid |= (fissure < 1.6 + 0.8 * head.atrophy) & ~callosum
    brain = space & _above_the_tent(grid) & np.logical_not(fluid)
    tissue[brain] = Tissue.WHITE
    cortex = (crease < 0.52 * reach) | (depth < 6.4) | (cleft < 4.4) | (fissure < 4.4)
    tissue[brain & cortex & ~callosum] = Tissue.GREY
    for side in (-1, 1):
        for centre, size in (
            ((9.0, 16.0, 84.0), (8.5, 15.0, 10.0)),  # thalamus
            ((26.0, -4.0, 82.0), (5.5, 18.0, 11.0)),  # lentiform nucleus
            ((12.5, -22.0, 88.0), (5.5, 8.5, 9.5)),  # head of the caudate
            ((33.0, -2.0, 80.0), (1.2, 15.0, 10.0)),  # claustrum
            ((26.0, 4.0, 58.0), (7.0, 17.0, 7.0)),  # hippocampus
        ):
            where = (side * centre[0], centre[1], centre[2])
            ball(tissue, grid, where, size, Tissue.DEEP_GREY, only=brain)


def _depth(grid: Grid) -> Array:
    """Millimetres below the hull of the brain, near enough."""
    level = (
        (grid.x / BRAIN_RADII[0]) ** 2
        + ((grid.y - CENTRE_OF_BRAIN[1]) / BRAIN_RADII[1]) ** 2
        + ((grid.z - CENTRE_OF_BRAIN[2]) / BRAIN_RADII[2]) ** 2
    )
    return np.asarray((1.0 - np.sqrt(level)) * 70.0, np.float32)


def _folds(grid: Grid, depth: Array, head: Head) -> tuple[Array, Array]:
    """How far each voxel is from a sulcus, and how strongly sulci reach to its depth."""
    first = smooth_noise(grid, wavelength=22.0, seed=head.seed + 9)
    second = smooth_noise(grid, wavelength=27.0, seed=head.seed + 10)
    # Sulci are the zero surfaces of two fields: sheets that branch and meet, as on a brain.
    crease = np.minimum(np.abs(first), np.abs(second) * 1.2)
    reach = np.sqrt(np.clip(1.0 - depth / (21.0 + 4.0 * second), 0.0, 1.0))
    return crease, reach


def _sylvian_cleft(grid: Grid) -> Array:
    """Distance from the lateral fissure and the insular cleft it opens into."""
    side = np.abs(grid.x)
    floor = 73.0 + 0.28 * (grid.y + 10.0) + 2.0 * np.sin(side / 6.0)
    along = np.maximum(np.clip(-44.0 - grid.y, 0, None), np.clip(grid.y - 34.0, 0, None))
    level = np.abs(grid.z - floor) + np.clip(38.0 - side, 0, None) + along
    upright = np.abs(side - 38.5 - 1.5 * np.sin(grid.y / 7.0))
    upright = upright + np.clip(np.abs(grid.z - floor - 6.0) - 11.0, 0, None) + along * 1.4
    return np.asarray(np.minimum(level, upright), np.float32)


def _above_the_tent(grid: Grid) -> Mask:
    """Where the cerebrum may lie: over the frontal base and tent, and in the temporal fossae."""
    over = grid.z > 46.0 + 0.30 * np.clip(grid.y + 14.0, 0, 60) - 0.10 * np.clip(
        -grid.y - 30.0, 0, None
    )
    temporal = (np.abs(grid.x) > 19.0) & (grid.y > -46.0) & (grid.y < 20.0) & (grid.z > 39.0)
    return np.asarray(over | temporal)


def draw_cerebellum_and_stem(tissue: np.ndarray, grid: Grid, wobble: Array, head: Head) -> None:
    leaves = np.sin((np.sqrt((grid.y - 20) ** 2 + (grid.z - 62) ** 2) + wobble) * 1.35)
    inside = tissue == Tissue.FLUID
    lobe = ellipsoid(grid, (0, 50, 46), (55, 36, 25), warp=wobble * 0.6, exponent=2.4) & inside
    tissue[lobe] = Tissue.GREY
    tissue[lobe & (leaves > 0.82)] = Tissue.FLUID
    for side in (-1, 1):
        ball(tissue, grid, (side * 20.0, 46.0, 46.0), (19, 17, 11), Tissue.WHITE, only=lobe)
        ball(tissue, grid, (side * 17.0, 46.0, 46.0), (6, 5, 4), Tissue.DEEP_GREY, only=lobe)
    stem: list[Point] = [(0, 12, 67), (0, 10, 54), (0, 20, 30), (0, 26, -30)]
    tube(tissue, grid, stem, [14.0, 17.0, 11.0, 7.0], Tissue.FLUID, skip_bone=True)
    tube(tissue, grid, stem, [12.0, 14.5, 8.0, 5.0], Tissue.WHITE)
    for side in (-1, 1):
        ball(tissue, grid, (side * 6.0, 6.0, 70.0), (4.5, 3.0, 4.0), Tissue.DEEP_GREY)


def draw_ventricles(tissue: np.ndarray, grid: Grid, wobble: Array, head: Head) -> None:
    wide = 1.0 + 0.55 * head.atrophy
    for side in (-1, 1):
        body: list[Point] = [
            (side * 9.0, -38.0, 90.0), (side * 7.5, -20.0, 98.0), (side * 9.0, 6.0, 104.0),
            (side * 15.0, 30.0, 100.0), (side * 24.0, 42.0, 88.0),
        ]  # fmt: skip
        tube(tissue, grid, body, [w * wide for w in (5.0, 5.6, 5.4, 6.2, 6.6)], Tissue.FLUID)
        back: list[Point] = [body[-1], (side * 22.0, 64.0, 88.0)]
        tube(tissue, grid, back, [5.2 * wide, 1.6], Tissue.FLUID)
        temporal: list[Point] = [body[-1], (side * 32.0, 22.0, 68.0), (side * 31.0, 0.0, 60.0)]
        tube(tissue, grid, temporal, [5.0 * wide, 2.8, 1.6], Tissue.FLUID)
        plexus: list[Point] = [(side * 17.0, 32.0, 97.0), (side * 25.0, 42.0, 87.0)]
        tube(tissue, grid, plexus, [1.8, 2.6], Tissue.DEEP_GREY)
    third = ellipsoid(grid, (0, 10, 82), (2.2 * wide, 20, 13))
    tissue[third & (tissue != Tissue.BONE)] = Tissue.FLUID
    tube(tissue, grid, [(0, 22, 74), (0, 30, 58)], [1.2, 2.0], Tissue.FLUID)
    ball(tissue, grid, (0, 32, 50), (8 * wide, 6, 11), Tissue.FLUID)
    ball(tissue, grid, (0, -14, 66), (13, 9, 7), Tissue.FLUID, only=tissue != Tissue.BONE)


def draw_membranes(tissue: np.ndarray, grid: Grid) -> None:
    inside = (tissue == Tissue.FLUID) | (tissue == Tissue.GREY)
    falx = (np.abs(grid.x) < 0.8) & ((grid.z > 112.0) | (grid.y < -40.0) | (grid.y > 56.0))
    tissue[inside & falx & (grid.z > 62.0)] = Tissue.VEIN
    sinus: list[Point] = [(0, -58, 134), (0, 4, 153), (0, 60, 132), (0, 84, 84), (0, 83, 66)]
    tube(tissue, grid, sinus, [2.6, 3.4, 4.0, 4.6, 5.0], Tissue.VEIN)
    for side in (-1, 1):
        lateral: list[Point] = [(0, 83, 66), (side * 44.0, 66, 58), (side * 60.0, 38, 50)]
        tube(tissue, grid, lateral, [4.6, 4.0, 4.0], Tissue.VEIN, skip_bone=True)
        carotid: list[Point] = [
            (side * 12.0, -10, 58),
            (side * 13.0, -12, 70),
            (side * 34.0, -14, 72),
        ]
        tube(tissue, grid, carotid, [2.4, 2.2, 1.5], Tissue.VEIN)
    tube(tissue, grid, [(0, -6, 48), (0, -4, 68)], [2.0, 1.8], Tissue.VEIN)


def draw_disease(tissue: np.ndarray, grid: Grid, wobble: Array, head: Head) -> None:
    brain = (tissue == Tissue.WHITE) | (tissue == Tissue.GREY) | (tissue == Tissue.DEEP_GREY)
    if head.haemorrhage:
        rough = smooth_noise(grid, wavelength=16.0, seed=head.seed + 20) * 1.5
        ball(tissue, grid, (29, 2, 84), (20, 25, 18), Tissue.OEDEMA, only=brain, warp=rough)
        ball(tissue, grid, (28, 1, 84), (13, 18, 13), Tissue.BLOOD, warp=rough)
    if head.old_infarct:
        rough = smooth_noise(grid, wavelength=18.0, seed=head.seed + 21) * 2.0
        ball(tissue, grid, (-46, 26, 104), (17, 20, 18), Tissue.OEDEMA, only=brain, warp=rough)
        ball(tissue, grid, (-47, 27, 104), (12, 15, 13), Tissue.TISSUE_LOSS, only=brain, warp=rough)
    white = tissue == Tissue.WHITE
    for plaque in head.plaques:
        # Plaques point away from the ventricle, along the small veins.
        size = (plaque.radius * 1.5, plaque.radius, plaque.radius)
        ball(tissue, grid, plaque.centre, size, Tissue.PLAQUE, only=white, warp=wobble * 0.3)
