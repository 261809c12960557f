"""One person's chest: what is special about it, and the hull its parts are fitted into."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vesalius.sample.phantoms.grid import Array, Grid, Point

#: Hounsfield units.


AIR, LUNG, FAT, WATER, MUSCLE, BLOOD = -1000.0, -860.0, -100.0, 5.0, 55.0, 45.0

LUMEN, MYOCARDIUM, LIVER, SPLEEN = 265.0, 105.0, 108.0, 122.0

CORTEX, MARROW, CARTILAGE, DISC = 820.0, 210.0, 115.0, 85.0


@dataclass(frozen=True)
class Nodule:
    """A solid lung lesion: where it is and how large (mm)."""

    centre: Point
    radius: float
    spiculated: bool = True


@dataclass(frozen=True)
class Torso:
    """One person's chest; `lung_base` opacity (HU added low on the right) stands for pneumonia."""

    nodules: tuple[Nodule, ...] = ()
    consolidation: bool = False
    effusion: bool = False
    contrast: bool = True
    table: bool = True
    seed: int = 1


def radius(grid: Grid, width: Array, height: Array, back: float = 0.0) -> Array:
    """Superelliptic radius (exponent 2.5), one on the contour of the given half axes."""
    across, deep = np.abs(grid.x / width), np.abs((grid.y - back) / height)
    # u * u * sqrt(u) is the same power several times faster than `**`.
    level = across * across * np.sqrt(across) + deep * deep * np.sqrt(deep)
    return np.asarray(np.exp(np.log(level + 1e-6) * 0.4), np.float32)


def outline_radius(grid: Grid, wobble: Array) -> Array:
    """Body contour radius; shoulders broaden and the neck narrows above the apices."""
    z = grid.z
    width = (
        158.0 + 10.0 * np.exp(-(((z - 60.0) / 70.0) ** 2)) - 6.0 * np.exp(-((z - 170) ** 2) / 4e3)
    )
    neck = 1.0 / (1.0 + np.exp(-(z - 352.0) / 7.0))
    width = width * (1 - neck) + 62.0 * neck
    height = (118.0 - 0.0002 * (z - 170.0) ** 2) * (1 - neck) + 58.0 * neck
    return radius(grid, width, height, back=8.0) + wobble * 0.004


def cavity_axes(grid: Grid) -> tuple[Array, Array]:
    """Inner half axes of the rib cage, closing towards the apices."""
    z = grid.z
    dome = np.sqrt(np.clip(1.0 - (np.clip(z - 190.0, 0.0, None) / 128.0) ** 2, 1e-4, 1.0))
    return np.asarray(132.0 * dome + 2.0, np.float32), np.asarray(86.0 * dome + 2.0, np.float32)


def diaphragm(grid: Grid) -> Array:
    """Height of the domes: the right above the left, both steep towards the costal angle."""
    right = 152.0 - 0.0105 * (grid.x + 66.0) ** 2 - 0.011 * (grid.y + 6.0) ** 2
    left = 140.0 - 0.0105 * (grid.x - 68.0) ** 2 - 0.011 * (grid.y + 6.0) ** 2
    return np.asarray(np.maximum(np.maximum(right, left), 58.0), np.float32)
