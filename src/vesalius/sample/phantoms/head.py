"""A head as tissues, from which CT and MR both take their contrast."""

from __future__ import annotations

import numpy as np

from vesalius.sample.phantoms.brain import (
    Head,
    draw_cerebellum_and_stem,
    draw_cerebrum,
    draw_disease,
    draw_membranes,
    draw_ventricles,
)
from vesalius.sample.phantoms.grid import Grid, smooth_noise
from vesalius.sample.phantoms.skull import draw_cavities, draw_scalp, draw_skull


def draw(grid: Grid, head: Head) -> np.ndarray:
    """The tissue of every voxel, as uint8 numbers of `Tissue`."""
    wobble = smooth_noise(grid, wavelength=70.0, seed=head.seed) * 1.6
    tissue = np.zeros(grid.shape, np.uint8)
    draw_scalp(tissue, grid, wobble)
    draw_skull(tissue, grid, wobble)
    draw_cerebrum(tissue, grid, wobble, head)
    draw_cerebellum_and_stem(tissue, grid, wobble, head)
    draw_ventricles(tissue, grid, wobble, head)
    draw_membranes(tissue, grid)
    draw_disease(tissue, grid, wobble, head)
    draw_cavities(tissue, grid)
    return tissue
