"""A regular grid in patient coordinates, and the few brushes every phantom paints with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating[Any]]
Mask = NDArray[np.bool_]
Point = tuple[float, float, float]


@dataclass(frozen=True)
class Grid:
    """Sample positions along each axis, in millimetres; arrays on it are indexed [z, y, x]."""

    x_axis: Array
    y_axis: Array
    z_axis: Array

    @classmethod
    def centred(
        cls, *, width: float, height: float, bottom: float, top: float, spacing: Point
    ) -> Grid:
        """A grid symmetric about the body's axis; `spacing` is (x, y, z)."""
        columns, rows = round(width / spacing[0]), round(height / spacing[1])
        slices = round((top - bottom) / spacing[2])
        return cls(
            x_axis=((np.arange(columns) - (columns - 1) / 2) * spacing[0]).astype(np.float32),
            y_axis=((np.arange(rows) - (rows - 1) / 2) * spacing[1]).astype(np.float32),
            z_axis=(bottom + np.arange(slices) * spacing[2]).astype(np.float32),
        )

    @cached_property
    def shape(self) -> tuple[int, int, int]:
        return len(self.z_axis), len(self.y_axis), len(self.x_axis)

    @cached_property
    def x(self) -> Array:
        return self.x_axis[None, None, :]

    @cached_property
    def y(self) -> Array:
        return self.y_axis[None, :, None]

    @cached_property
    def z(self) -> Array:
        return self.z_axis[:, None, None]

    def window(self, low: Point, high: Point) -> tuple[slice, slice, slice]:
        """The index box that covers the given corner points."""

        def span(axis: Array, first: float, last: float) -> slice:
            start, stop = np.searchsorted(axis, (first, last))
            return slice(int(start), int(stop))

        return (
            span(self.z_axis, low[2], high[2]),
            span(self.y_axis, low[1], high[1]),
            span(self.x_axis, low[0], high[0]),
        )


def ellipsoid(
    grid: Grid, centre: Point, radii: Point, *, warp: Array | float = 0.0, exponent: float = 2.0
) -> Mask:
    """Everything inside an ellipsoid; `warp` (mm) pushes its surface in and out.

    An exponent above two gives fuller, boxier organs.
    """
    level = (
        np.abs((grid.x - centre[0]) / radii[0]) ** exponent
        + np.abs((grid.y - centre[1]) / radii[1]) ** exponent
        + np.abs((grid.z - centre[2]) / radii[2]) ** exponent
    )
    return np.asarray(level < 1.0 + np.asarray(warp) * (2.0 / min(radii)))


def paint_ellipsoid(
    volume: Array,
    grid: Grid,
    centre: Point,
    radii: Point,
    value: float | Array,
    *,
    where: Mask | None = None,
    warp: Array | None = None,
    exponent: float = 2.0,
) -> None:
    """Fill an ellipsoid with a value, touching only the box around it."""
    reach = 1.35 if warp is not None else 1.02
    low = (
        centre[0] - radii[0] * reach,
        centre[1] - radii[1] * reach,
        centre[2] - radii[2] * reach,
    )
    high = (
        centre[0] + radii[0] * reach,
        centre[1] + radii[1] * reach,
        centre[2] + radii[2] * reach,
    )
    box = grid.window(low, high)
    local = Grid(grid.x_axis[box[2]], grid.y_axis[box[1]], grid.z_axis[box[0]])
    if 0 in local.shape:
        return
    inside = ellipsoid(
        local, centre, radii, warp=0.0 if warp is None else warp[box], exponent=exponent
    )
    if where is not None:
        inside &= where[box]
    if isinstance(value, np.ndarray):
        volume[box][inside] = value[box][inside]
    else:
        volume[box][inside] = value


def paint_tube(
    volume: Array,
    grid: Grid,
    points: Sequence[Point],
    radii: Sequence[float] | float,
    value: float,
    *,
    where: Mask | None = None,
    keep_brighter: bool = False,
) -> None:
    """Fill a tube along a polyline whose radius runs linearly between the points."""
    widths = [radii] * len(points) if isinstance(radii, int | float) else list(radii)
    for start, end, first, last in zip(points, points[1:], widths, widths[1:], strict=False):
        _paint_segment(volume, grid, (start, end), (first, last), value, where, keep_brighter)


def _paint_segment(
    volume: Array,
    grid: Grid,
    ends: tuple[Point, Point],
    radii: tuple[float, float],
    value: float,
    where: Mask | None,
    keep_brighter: bool,
) -> None:
    start, end = (np.asarray(point, np.float32) for point in ends)
    widest = max(radii)
    low, high = np.minimum(start, end) - widest, np.maximum(start, end) + widest
    box = grid.window(tuple(low), tuple(high))
    x = grid.x_axis[box[2]][None, None, :] - start[0]
    y = grid.y_axis[box[1]][None, :, None] - start[1]
    z = grid.z_axis[box[0]][:, None, None] - start[2]
    if not (x.size and y.size and z.size):
        return
    axis = end - start
    length = float(axis @ axis) or 1.0
    along = np.clip((x * axis[0] + y * axis[1] + z * axis[2]) / length, 0.0, 1.0)
    distance = (x - along * axis[0]) ** 2 + (y - along * axis[1]) ** 2 + (z - along * axis[2]) ** 2
    inside = distance < (radii[0] + along * (radii[1] - radii[0])) ** 2
    if where is not None:
        inside &= where[box]
    if keep_brighter:
        inside &= volume[box] < value
    volume[box][inside] = value


def smooth_noise(grid: Grid, *, wavelength: float, seed: int) -> Array:
    """Band-limited noise of unit spread that depends on place, not on sampling.

    A cubic B-spline over a random lattice fixed in millimetres, evaluated axis by axis as three
    matrix products, so that a finer grid sees the same organ surface.
    """
    lattice = np.random.default_rng(seed).standard_normal((48, 48, 48)).astype(np.float32)
    along_z, along_y, along_x = (
        _spline_matrix(axis, wavelength / 2.0) for axis in (grid.z_axis, grid.y_axis, grid.x_axis)
    )
    planes = np.tensordot(along_z, lattice, axes=(1, 0))
    rows = np.matmul(along_y, planes)
    field = np.matmul(rows, np.ascontiguousarray(along_x.T))
    # The spline averages lattice values; this constant gives the field back its unit spread.
    return np.asarray(field / 0.33, np.float32)


def _spline_matrix(axis: Array, spacing: float) -> Array:
    """Cubic B-spline weights of each sample on a 48-knot lattice, wrapping at its ends."""
    position = axis / spacing + 24.0
    knot = np.floor(position).astype(int)
    t = (position - knot).astype(np.float32)
    weights = (
        (1 - t) ** 3 / 6,
        (3 * t**3 - 6 * t**2 + 4) / 6,
        (-3 * t**3 + 3 * t**2 + 3 * t + 1) / 6,
        t**3 / 6,
    )
    matrix = np.zeros((len(axis), 48), np.float32)
    sample = np.arange(len(axis))
    for offset, weight in enumerate(weights):
        matrix[sample, (knot - 1 + offset) % 48] += weight
    return matrix


def enlarge(volume: Array, factor: int = 2) -> Array:
    """Twice as many rows and columns by linear interpolation, kept centred on the same pixels."""
    for _ in range(factor // 2):
        volume = _double(_double(volume, axis=-1), axis=-2)
    return volume


def _double(volume: Array, axis: int) -> Array:
    moved = np.moveaxis(volume, axis, -1)
    before = np.concatenate((moved[..., :1], moved[..., :-1]), axis=-1)
    after = np.concatenate((moved[..., 1:], moved[..., -1:]), axis=-1)
    wide = np.empty((*moved.shape[:-1], moved.shape[-1] * 2), np.float32)
    # Sample centres of the finer grid lie a quarter pixel beside the coarse ones.
    wide[..., 0::2] = 0.75 * moved + 0.25 * before
    wide[..., 1::2] = 0.75 * moved + 0.25 * after
    return np.moveaxis(wide, -1, axis)
