"""A head as tissues, from which CT and MR both take their contrast."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from vesalius.sample.phantoms.grid import (
    Array,
    Grid,
    Point,
    ellipsoid,
    paint_ellipsoid,
    paint_tube,
    smooth_noise,
)


class Tissue(IntEnum):
    """What a voxel is made of."""

    AIR, SKIN, FAT, MUSCLE, BONE, MARROW, FLUID, GREY, WHITE, DEEP_GREY = range(10)
    VEIN, EYE, LENS, BLOOD, OEDEMA, PLAQUE, TISSUE_LOSS = range(10, 17)


#: Hounsfield units of each tissue.
HOUNSFIELD: dict[Tissue, float] = {
    Tissue.AIR: -1000, Tissue.SKIN: 30, Tissue.FAT: -95, Tissue.MUSCLE: 58, Tissue.BONE: 1150,
    Tissue.MARROW: 420, Tissue.FLUID: 6, Tissue.GREY: 39, Tissue.WHITE: 29, Tissue.DEEP_GREY: 38,
    Tissue.VEIN: 56, Tissue.EYE: 9, Tissue.LENS: 95, Tissue.BLOOD: 68, Tissue.OEDEMA: 20,
    Tissue.PLAQUE: 25, Tissue.TISSUE_LOSS: 10,
}  # fmt: skip

#: Proton density, T1 and T2 in milliseconds at 3 tesla.
RELAXATION: dict[Tissue, tuple[float, float, float]] = {
    Tissue.AIR: (0.0, 1000, 20), Tissue.SKIN: (0.6, 900, 40), Tissue.FAT: (0.95, 380, 70),
    Tissue.MUSCLE: (0.75, 1400, 32), Tissue.BONE: (0.04, 900, 6), Tissue.MARROW: (0.6, 420, 55),
    Tissue.FLUID: (1.0, 4200, 1800), Tissue.GREY: (0.83, 1450, 98), Tissue.WHITE: (0.70, 850, 74),
    Tissue.DEEP_GREY: (0.78, 1150, 80), Tissue.VEIN: (0.05, 1600, 30), Tissue.EYE: (1.0, 4000, 1400),
    Tissue.LENS: (0.6, 1100, 35), Tissue.BLOOD: (0.75, 700, 35), Tissue.OEDEMA: (0.87, 1750, 190),
    Tissue.PLAQUE: (0.85, 1550, 185), Tissue.TISSUE_LOSS: (0.95, 3300, 700),
}  # fmt: skip

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


def draw(grid: Grid, head: Head) -> np.ndarray:
    """The tissue of every voxel, as uint8 numbers of `Tissue`."""
    wobble = smooth_noise(grid, wavelength=70.0, seed=head.seed) * 1.6
    tissue = np.zeros(grid.shape, np.uint8)
    _face_and_scalp(tissue, grid, wobble)
    _skull(tissue, grid, wobble)
    _brain(tissue, grid, wobble, head)
    _cerebellum_and_stem(tissue, grid, wobble, head)
    _ventricles(tissue, grid, wobble, head)
    _membranes(tissue, grid)
    _disease(tissue, grid, wobble, head)
    _face_cavities(tissue, grid)
    return tissue


def hounsfield(tissue: np.ndarray) -> Array:
    """CT numbers, with the faint texture that brain has even without noise."""
    table = np.zeros(32, np.float32)
    for kind, value in HOUNSFIELD.items():
        table[kind] = value
    return np.asarray(table[tissue])


def signal(
    tissue: np.ndarray, *, repetition: float, echo: float, inversion: float | None = None
) -> Array:
    """Spin-echo or inversion-recovery signal from the relaxation times (times in ms)."""
    table = np.zeros(32, np.float32)
    for kind, (density, t1, t2) in RELAXATION.items():
        recovery = 1.0 - np.exp(-repetition / t1)
        if inversion is not None:
            recovery = abs(1.0 - 2.0 * np.exp(-inversion / t1) + np.exp(-repetition / t1))
        table[kind] = density * recovery * np.exp(-echo / t2)
    return np.asarray(table[tissue])


def _face_and_scalp(tissue: np.ndarray, grid: Grid, wobble: Array) -> None:
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


def _skull(tissue: np.ndarray, grid: Grid, wobble: Array) -> None:
    centre, radii = CENTRE_OF_BRAIN, BRAIN_RADII
    base = grid.z > 34.0 + 0.12 * (grid.y + 60.0) * (grid.y < 0) - 0.16 * np.clip(grid.y, 0, 60)
    for grow, kind in ((8.0, Tissue.BONE), (6.0, Tissue.MARROW), (3.4, Tissue.BONE)):
        shell = ellipsoid(
            grid, centre, (radii[0] + grow, radii[1] + grow, radii[2] + grow), warp=wobble
        )
        tissue[shell & base] = kind
    for side in (-1, 1):
        petrous: list[Point] = [(side * 62.0, 30.0, 46.0), (side * 18.0, 2.0, 46.0)]
        _tube(tissue, grid, petrous, [13.0, 7.0], Tissue.BONE)
        for x, y, z in ((58, 34, 44), (64, 42, 38), (60, 28, 36), (52, 36, 50), (64, 34, 30)):
            _ball(tissue, grid, (side * x, y, z), (4.2, 4.0, 4.2), Tissue.AIR)
        wing: list[Point] = [(side * 58.0, -22.0, 58.0), (side * 20.0, -30.0, 60.0)]
        _tube(tissue, grid, wing, [4.5, 4.0], Tissue.BONE)
    clivus: list[Point] = [(0, -8, 60), (0, 14, 24)]
    _tube(tissue, grid, clivus, [10.0, 8.0], Tissue.BONE)
    _tube(tissue, grid, clivus, [7.0, 5.0], Tissue.MARROW)


def _brain(tissue: np.ndarray, grid: Grid, wobble: Array, head: Head) -> None:
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
    brain = space & _above_the_tent(grid) & ~fluid
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
            _ball(tissue, grid, where, size, Tissue.DEEP_GREY, only=brain)


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


def _above_the_tent(grid: Grid) -> Array:
    """Where the cerebrum may lie: over the frontal base and the tent, and in the temporal fossae."""
    over = grid.z > 46.0 + 0.30 * np.clip(grid.y + 14.0, 0, 60) - 0.10 * np.clip(
        -grid.y - 30.0, 0, None
    )
    temporal = (np.abs(grid.x) > 19.0) & (grid.y > -46.0) & (grid.y < 20.0) & (grid.z > 39.0)
    return np.asarray(over | temporal)


def _cerebellum_and_stem(tissue: np.ndarray, grid: Grid, wobble: Array, head: Head) -> None:
    leaves = np.sin((np.sqrt((grid.y - 20) ** 2 + (grid.z - 62) ** 2) + wobble) * 1.35)
    inside = tissue == Tissue.FLUID
    lobe = ellipsoid(grid, (0, 50, 46), (55, 36, 25), warp=wobble * 0.6, exponent=2.4) & inside
    tissue[lobe] = Tissue.GREY
    tissue[lobe & (leaves > 0.82)] = Tissue.FLUID
    for side in (-1, 1):
        _ball(tissue, grid, (side * 20.0, 46.0, 46.0), (19, 17, 11), Tissue.WHITE, only=lobe)
        _ball(tissue, grid, (side * 17.0, 46.0, 46.0), (6, 5, 4), Tissue.DEEP_GREY, only=lobe)
    stem: list[Point] = [(0, 12, 67), (0, 10, 54), (0, 20, 30), (0, 26, -30)]
    _tube(tissue, grid, stem, [14.0, 17.0, 11.0, 7.0], Tissue.FLUID, skip_bone=True)
    _tube(tissue, grid, stem, [12.0, 14.5, 8.0, 5.0], Tissue.WHITE)
    for side in (-1, 1):
        _ball(tissue, grid, (side * 6.0, 6.0, 70.0), (4.5, 3.0, 4.0), Tissue.DEEP_GREY)


def _ventricles(tissue: np.ndarray, grid: Grid, wobble: Array, head: Head) -> None:
    wide = 1.0 + 0.55 * head.atrophy
    for side in (-1, 1):
        body: list[Point] = [
            (side * 9.0, -38.0, 90.0), (side * 7.5, -20.0, 98.0), (side * 9.0, 6.0, 104.0),
            (side * 15.0, 30.0, 100.0), (side * 24.0, 42.0, 88.0),
        ]  # fmt: skip
        _tube(tissue, grid, body, [w * wide for w in (5.0, 5.6, 5.4, 6.2, 6.6)], Tissue.FLUID)
        back: list[Point] = [body[-1], (side * 22.0, 64.0, 88.0)]
        _tube(tissue, grid, back, [5.2 * wide, 1.6], Tissue.FLUID)
        temporal: list[Point] = [body[-1], (side * 32.0, 22.0, 68.0), (side * 31.0, 0.0, 60.0)]
        _tube(tissue, grid, temporal, [5.0 * wide, 2.8, 1.6], Tissue.FLUID)
        plexus: list[Point] = [(side * 17.0, 32.0, 97.0), (side * 25.0, 42.0, 87.0)]
        _tube(tissue, grid, plexus, [1.8, 2.6], Tissue.DEEP_GREY)
    third = ellipsoid(grid, (0, 10, 82), (2.2 * wide, 20, 13))
    tissue[third & (tissue != Tissue.BONE)] = Tissue.FLUID
    _tube(tissue, grid, [(0, 22, 74), (0, 30, 58)], [1.2, 2.0], Tissue.FLUID)
    _ball(tissue, grid, (0, 32, 50), (8 * wide, 6, 11), Tissue.FLUID)
    _ball(tissue, grid, (0, -14, 66), (13, 9, 7), Tissue.FLUID, only=tissue != Tissue.BONE)


def _membranes(tissue: np.ndarray, grid: Grid) -> None:
    inside = (tissue == Tissue.FLUID) | (tissue == Tissue.GREY)
    falx = (np.abs(grid.x) < 0.8) & ((grid.z > 112.0) | (grid.y < -40.0) | (grid.y > 56.0))
    tissue[inside & falx & (grid.z > 62.0)] = Tissue.VEIN
    sinus: list[Point] = [(0, -58, 134), (0, 4, 153), (0, 60, 132), (0, 84, 84), (0, 83, 66)]
    _tube(tissue, grid, sinus, [2.6, 3.4, 4.0, 4.6, 5.0], Tissue.VEIN)
    for side in (-1, 1):
        lateral: list[Point] = [(0, 83, 66), (side * 44.0, 66, 58), (side * 60.0, 38, 50)]
        _tube(tissue, grid, lateral, [4.6, 4.0, 4.0], Tissue.VEIN, skip_bone=True)
        carotid: list[Point] = [(side * 12.0, -10, 58), (side * 13.0, -12, 70), (side * 34.0, -14, 72)]
        _tube(tissue, grid, carotid, [2.4, 2.2, 1.5], Tissue.VEIN)
    _tube(tissue, grid, [(0, -6, 48), (0, -4, 68)], [2.0, 1.8], Tissue.VEIN)


def _disease(tissue: np.ndarray, grid: Grid, wobble: Array, head: Head) -> None:
    brain = (tissue == Tissue.WHITE) | (tissue == Tissue.GREY) | (tissue == Tissue.DEEP_GREY)
    if head.haemorrhage:
        rough = smooth_noise(grid, wavelength=16.0, seed=head.seed + 20) * 1.5
        _ball(tissue, grid, (29, 2, 84), (20, 25, 18), Tissue.OEDEMA, only=brain, warp=rough)
        _ball(tissue, grid, (28, 1, 84), (13, 18, 13), Tissue.BLOOD, warp=rough)
    if head.old_infarct:
        rough = smooth_noise(grid, wavelength=18.0, seed=head.seed + 21) * 2.0
        _ball(tissue, grid, (-46, 26, 104), (17, 20, 18), Tissue.OEDEMA, only=brain, warp=rough)
        _ball(tissue, grid, (-47, 27, 104), (12, 15, 13), Tissue.TISSUE_LOSS, only=brain, warp=rough)
    white = tissue == Tissue.WHITE
    for plaque in head.plaques:
        # Plaques point away from the ventricle, along the small veins.
        size = (plaque.radius * 1.5, plaque.radius, plaque.radius)
        _ball(tissue, grid, plaque.centre, size, Tissue.PLAQUE, only=white, warp=wobble * 0.3)


def _face_cavities(tissue: np.ndarray, grid: Grid) -> None:
    for side in (-1, 1):
        orbit: list[Point] = [(side * 31.0, -72.0, 50.0), (side * 14.0, -30.0, 52.0)]
        _tube(tissue, grid, orbit, [20.0, 8.0], Tissue.BONE)
        _tube(tissue, grid, orbit, [18.0, 6.0], Tissue.FAT)
        eye: Point = (side * 31.0, -74.0, 50.0)
        _ball(tissue, grid, eye, (12.6, 12.6, 12.6), Tissue.MUSCLE)
        _ball(tissue, grid, eye, (11.6, 11.6, 11.6), Tissue.EYE)
        _ball(tissue, grid, (eye[0], -82.5, 50.0), (4.8, 2.2, 4.8), Tissue.LENS)
        _tube(tissue, grid, [(side * 30.0, -62, 50), (side * 14.0, -30, 53)], 2.2, Tissue.GREY)
        for shift in ((10.0, 0.0), (-10.0, 0.0), (0.0, 10.0), (0.0, -10.0)):
            muscle: list[Point] = [
                (eye[0] + shift[0], -64.0, 50.0 + shift[1]), (side * 14.0, -32.0, 52.0)
            ]  # fmt: skip
            _tube(tissue, grid, muscle, [2.0, 1.4], Tissue.MUSCLE)
        maxillary: Point = (side * 27.0, -62.0, 14.0)
        _ball(tissue, grid, maxillary, (19, 20, 19), Tissue.BONE)
        _ball(tissue, grid, maxillary, (17, 18, 17), Tissue.AIR)
        for y in (-74, -64, -54, -44):
            _ball(tissue, grid, (side * 5.5, y, 46.0), (4.2, 4.4, 9), Tissue.AIR)
        frontal: Point = (side * 11.0, -84.0, 74.0)
        _ball(tissue, grid, frontal, (10, 5, 9), Tissue.BONE)
        _ball(tissue, grid, frontal, (8.6, 3.6, 7.6), Tissue.AIR)
        canal: list[Point] = [(side * 84.0, 14.0, 40.0), (side * 52.0, 14.0, 42.0)]
        _tube(tissue, grid, canal, 3.4, Tissue.AIR)
    _ball(tissue, grid, (0, -26, 52), (12, 11, 8), Tissue.BONE)
    _ball(tissue, grid, (0, -26, 52), (10, 9, 6), Tissue.AIR)
    nasal = ellipsoid(grid, (0, -62, 20), (11, 36, 18))
    tissue[nasal & (np.abs(grid.x) > 1.2)] = Tissue.AIR
    for side in (-1, 1):
        _tube(tissue, grid, [(side * 6.5, -80, 14), (side * 6.5, -40, 14)], 3.0, Tissue.MUSCLE)
    throat: list[Point] = [(0, -22, 24), (0, -14, -20)]
    _tube(tissue, grid, throat, [9.0, 8.0], Tissue.AIR)


def _tube(
    tissue: np.ndarray,
    grid: Grid,
    points: list[Point],
    radii: list[float] | float,
    kind: Tissue,
    *,
    skip_bone: bool = False,
) -> None:
    where = tissue != Tissue.BONE if skip_bone else None
    paint_tube(tissue, grid, points, radii, kind, where=where)


def _ball(
    tissue: np.ndarray,
    grid: Grid,
    centre: Point,
    radii: Point,
    kind: Tissue,
    *,
    only: np.ndarray | None = None,
    warp: Array | None = None,
) -> None:
    paint_ellipsoid(tissue, grid, centre, radii, kind, where=only, warp=warp)
