"""A chest radiograph: what is left of the beam after it crossed the torso phantom."""

from __future__ import annotations

import numpy as np

from vesalius.sample.phantoms.body import Torso
from vesalius.sample.phantoms.grid import Array, Grid, enlarge
from vesalius.sample.phantoms.torso import draw

ROWS, COLUMNS = 1328, 1472
PIXEL_SPACING = 0.25
DEPTH_STEP = 2.0
BOTTOM = 42.0


def chest(torso: Torso, *, seed: int = 1) -> Array:
    """A posteroanterior film as a 12-bit image, bright where the body is dense (MONOCHROME2).

    The image's columns run from the patient's right to the left, as a radiologist hangs it.
    """
    coarse = PIXEL_SPACING * 4
    grid = Grid.centred(
        width=COLUMNS * PIXEL_SPACING,
        height=270.0,
        bottom=BOTTOM,
        top=BOTTOM + ROWS * PIXEL_SPACING,
        spacing=(coarse, DEPTH_STEP, coarse),
    )
    hounsfield = draw(grid, torso)
    detector = _transmission(hounsfield, np.random.default_rng(seed))
    return _film(detector)


def _transmission(hounsfield: Array, rng: np.random.Generator) -> Array:
    """Log exposure at the detector: two energies, scatter, and quantum noise."""
    density = np.clip(hounsfield[::-1] / 1000.0 + 1.0, 0.0, None)
    bone = np.clip(density - 1.12, 0.0, None)
    soft_path = (density - bone).sum(axis=1, dtype=np.float32) * DEPTH_STEP
    bone_path = bone.sum(axis=1, dtype=np.float32) * DEPTH_STEP
    # A focal spot is no point: it blurs the steps between the phantom's planes.
    soft_path, bone_path = (_blur(enlarge(path, 4), 2) for path in (soft_path, bone_path))
    # The soft part of the spectrum dies first, so thick parts look thinner than they are.
    beam = 0.55 * np.exp(-0.0215 * soft_path - 0.036 * bone_path)
    beam += 0.45 * np.exp(-0.0172 * soft_path - 0.021 * bone_path)
    scatter = 0.05 * _wide_blur(beam, 60) + 0.0025
    photons = (beam + scatter) * 9.0e4
    photons += rng.standard_normal(beam.shape, dtype=np.float32) * np.sqrt(photons)
    return np.asarray(-np.log(np.clip(photons, 60.0, None) / 9.0e4), np.float32)


def _film(exposure: Array) -> Array:
    """Edge enhancement and the S-shaped curve of film, into twelve bits."""
    flat = exposure - 0.3 * (_wide_blur(exposure, 80) - exposure.mean())
    sharp = flat + 0.9 * (flat - _blur(flat, 6))
    low, high = np.percentile(sharp[::8, ::8], (12.0, 99.7))
    level = np.clip((sharp - low) / (high - low), -0.2, 1.1)
    curve = 1.0 / (1.0 + np.exp(-(level - 0.58) * 6.5))
    return np.asarray(np.clip(curve * 3900.0 + 60.0, 0.0, 4095.0), np.float32)


def _wide_blur(image: Array, radius: int) -> Array:
    """The same on a quarter of the rows and columns, where nothing that fine is left to lose."""
    rows, columns = image.shape
    small = image.reshape(rows // 4, 4, columns // 4, 4).mean(axis=(1, 3), dtype=np.float32)
    return enlarge(_blur(small, radius // 4), 4)


def _blur(image: Array, radius: int) -> Array:
    """Two passes of a box, by running sums: a smooth blur whose cost does not grow with it."""
    for axis in (0, 1, 0, 1):
        padding = [(radius + 1, radius) if axis == i else (0, 0) for i in range(2)]
        total = np.cumsum(np.pad(image, padding, mode="edge"), axis=axis, dtype=np.float64)
        width = 2 * radius + 1
        size = image.shape[axis]
        if axis == 0:
            image = ((total[width : width + size] - total[:size]) / width).astype(np.float32)
        else:
            image = ((total[:, width : width + size] - total[:, :size]) / width).astype(np.float32)
    return image
