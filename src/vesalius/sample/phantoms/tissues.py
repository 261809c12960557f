"""What a head is made of, and how CT and MR see it."""

from __future__ import annotations

from enum import IntEnum

import numpy as np

from vesalius.sample.phantoms.grid import Array, Grid, Point, paint_ellipsoid, paint_tube


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
    Tissue.DEEP_GREY: (0.78, 1150, 80), Tissue.VEIN: (0.05, 1600, 30),
    Tissue.EYE: (1.0, 4000, 1400),
    Tissue.LENS: (0.6, 1100, 35), Tissue.BLOOD: (0.75, 700, 35), Tissue.OEDEMA: (0.87, 1750, 190),
    Tissue.PLAQUE: (0.85, 1550, 185), Tissue.TISSUE_LOSS: (0.95, 3300, 700),
}  # fmt: skip


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


def tube(
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


def ball(
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
