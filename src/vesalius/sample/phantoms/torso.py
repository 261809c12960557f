"""Chest and upper abdomen in Hounsfield units, contrast-enhanced, with an optional lung nodule."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vesalius.sample.phantoms.grid import (
    Array,
    Grid,
    Mask,
    Point,
    paint_ellipsoid,
    paint_tube,
    smooth_noise,
)

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


LIVER_CENTRE: Point = (-52.0, -8.0, 96.0)
LIVER_RADII: Point = (98.0, 82.0, 70.0)


def draw(grid: Grid, torso: Torso) -> Array:
    """The whole chest on a grid; roughly one second for six million voxels."""
    wobble = smooth_noise(grid, wavelength=60.0, seed=torso.seed) * 2.2
    fine = smooth_noise(grid, wavelength=14.0, seed=torso.seed + 1)
    volume = np.full(grid.shape, AIR, np.float32)
    outline = _outline(grid, wobble)
    _soft_wall(volume, grid, outline, fine)
    cavity = _radius(grid, *_cavity_axes(grid)) + wobble * 0.006 < 1.0
    _abdominal_fat(volume, grid, cavity, wobble)
    lungs = _lungs(volume, grid, cavity, wobble, fine)
    _mediastinum(volume, grid, wobble, torso)
    _abdomen(volume, grid, cavity & ~lungs, wobble, fine, torso)
    _airways(volume, grid)
    _lung_vessels(volume, grid, lungs, torso)
    _disease(volume, grid, lungs, fine, torso)
    _skeleton(volume, grid, outline)
    if torso.table:
        _table(volume, grid)
    return volume


def nodule_mask(grid: Grid, torso: Torso) -> Mask:
    """Voxels of every nodule, for the segmentation that measures them."""
    fine = smooth_noise(grid, wavelength=14.0, seed=torso.seed + 1)
    canvas = np.zeros(grid.shape, np.float32)
    for nodule in torso.nodules:
        _paint_nodule(canvas, grid, nodule, fine, 1.0)
    return canvas > 0


def liver_mask(grid: Grid, torso: Torso) -> Mask:
    """Voxels of the liver, as it was painted."""
    bare = Torso(seed=torso.seed, table=False)
    wobble = smooth_noise(grid, wavelength=60.0, seed=bare.seed) * 2.2
    cavity = _radius(grid, *_cavity_axes(grid)) + wobble * 0.006 < 1.0
    canvas = np.zeros(grid.shape, np.float32)
    _paint_liver(canvas, grid, cavity & (grid.z < _diaphragm(grid) - 2.0), wobble, 1.0)
    return canvas > 0


def _radius(grid: Grid, width: Array, height: Array, back: float = 0.0) -> Array:
    """Superelliptic radius (exponent 2.5), one on the contour of the given half axes."""
    across, deep = np.abs(grid.x / width), np.abs((grid.y - back) / height)
    # u * u * sqrt(u) is the same power several times faster than `**`.
    level = across * across * np.sqrt(across) + deep * deep * np.sqrt(deep)
    return np.asarray(np.exp(np.log(level + 1e-6) * 0.4), np.float32)


def _outline(grid: Grid, wobble: Array) -> Array:
    """Body contour radius; shoulders broaden and the neck narrows above the apices."""
    z = grid.z
    width = (
        158.0 + 10.0 * np.exp(-(((z - 60.0) / 70.0) ** 2)) - 6.0 * np.exp(-((z - 170) ** 2) / 4e3)
    )
    neck = 1.0 / (1.0 + np.exp(-(z - 352.0) / 7.0))
    width = width * (1 - neck) + 62.0 * neck
    height = (118.0 - 0.0002 * (z - 170.0) ** 2) * (1 - neck) + 58.0 * neck
    return _radius(grid, width, height, back=8.0) + wobble * 0.004


def _cavity_axes(grid: Grid) -> tuple[Array, Array]:
    """Inner half axes of the rib cage, closing towards the apices."""
    z = grid.z
    dome = np.sqrt(np.clip(1.0 - (np.clip(z - 190.0, 0.0, None) / 128.0) ** 2, 1e-4, 1.0))
    return np.asarray(132.0 * dome + 2.0, np.float32), np.asarray(86.0 * dome + 2.0, np.float32)


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


def _diaphragm(grid: Grid) -> Array:
    """Height of the domes: the right stands above the left, both fall steeply to the costal angle."""
    right = 152.0 - 0.0105 * (grid.x + 66.0) ** 2 - 0.011 * (grid.y + 6.0) ** 2
    left = 140.0 - 0.0105 * (grid.x - 68.0) ** 2 - 0.011 * (grid.y + 6.0) ** 2
    return np.asarray(np.maximum(np.maximum(right, left), 58.0), np.float32)


def _lungs(volume: Array, grid: Grid, cavity: Mask, wobble: Array, fine: Array) -> Mask:
    z = grid.z
    waist = (
        24.0 + 12.0 * np.exp(-(((z - 240.0) / 26.0) ** 2)) + 8.0 * np.exp(-(((z - 190) / 40) ** 2))
    )
    heart = (
        ((grid.x - 26.0) / 66.0) ** 2 + ((grid.y + 26.0) / 54.0) ** 2 + ((z - 172.0) / 62.0) ** 2
    ) < 1.06
    # The pleura leaves a broad back, narrows at the middle, and nearly meets behind the sternum.
    waist = waist - 0.0042 * (grid.y - 12.0) ** 2 * (grid.y < 12.0)
    middle = (np.abs(grid.x - 2.0) < np.maximum(waist, 5.0) + wobble * 2.4) & (grid.y < 58.0)
    spine = (np.abs(grid.x) < 27.0) & (grid.y > 34.0)
    inner = _radius(grid, *(axis - 3.0 for axis in _cavity_axes(grid))) + wobble * 0.006 < 1.0
    lungs = inner & ~middle & ~heart & ~spine & (z > _diaphragm(grid) + wobble * 0.8)
    # Dependent lung is denser; interstitium gives the texture a window of -600 shows.
    parenchyma = LUNG + 0.35 * (grid.y + 80.0) + fine * 11.0
    volume[lungs] = np.broadcast_to(parenchyma, grid.shape)[lungs]
    for offset, slope in ((238.0, 0.75), (222.0, 0.55)):
        fissure = np.abs(z - (offset - slope * (40.0 - grid.y)) - wobble) < 1.1
        volume[lungs & fissure & ((grid.x > 0) if offset > 230 else (grid.x < 0))] = -690.0
    return lungs


def _mediastinum(volume: Array, grid: Grid, wobble: Array, torso: Torso) -> None:
    lumen = LUMEN if torso.contrast else BLOOD
    heart_wall = MYOCARDIUM if torso.contrast else 50.0

    def organ(centre: Point, radii: Point, value: float, bend: float = 0.6) -> None:
        paint_ellipsoid(volume, grid, centre, radii, value, warp=wobble * bend)

    organ((25.0, -26.0, 170.0), (63.0, 50.0, 58.0), 12.0)  # pericardium
    organ((25.0, -26.0, 170.0), (60.0, 47.0, 55.0), heart_wall)
    organ((46.0, -18.0, 160.0), (27.0, 22.0, 36.0), lumen)  # left ventricle
    organ((12.0, -46.0, 163.0), (25.0, 18.0, 32.0), lumen - 40.0)  # right ventricle
    organ((18.0, 14.0, 190.0), (31.0, 18.0, 20.0), lumen - 10.0)  # left atrium
    organ((-24.0, -20.0, 176.0), (19.0, 24.0, 27.0), lumen - 55.0)  # right atrium
    organ((40.0, -8.0, 158.0), (5.0, 5.0, 9.0), heart_wall)  # papillary muscle
    paint_tube(  # coronary groove fat and the left anterior descending artery in it
        volume, grid, [(24, -44, 205), (36, -62, 180), (52, -66, 150), (60, -58, 128)], 5.0, FAT
    )
    paint_tube(
        volume, grid, [(24, -44, 205), (36, -62, 180), (52, -66, 150), (60, -58, 128)],
        [2.2, 2.0, 1.6, 1.2], lumen,
    )  # fmt: skip
    arch: list[Point] = [
        (-8, -14, 196), (-16, -18, 216), (-14, -16, 238), (-4, -8, 252), (10, 12, 256),
        (20, 32, 248), (24, 44, 232), (24, 48, 180), (18, 46, 120), (10, 38, 40), (6, 32, -40),
    ]  # fmt: skip
    paint_tube(volume, grid, arch, [14.5, 15, 14.5, 13.5, 13, 12.5, 12, 11.5, 11, 9.5, 9], 60.0)
    paint_tube(
        volume, grid, arch, [13.2, 13.7, 13.2, 12.2, 11.7, 11.2, 10.7, 10.2, 9.7, 8.4, 8], lumen
    )
    for branch in (
        [(-6, -8, 254), (-22, -6, 290), (-30, 0, 330)],
        [(6, 4, 258), (12, 4, 290), (22, 6, 360)],
        [(15, 18, 258), (26, 16, 290), (44, 10, 318)],
    ):
        paint_tube(volume, grid, branch, [6.0, 5.0, 4.0], lumen)  # great vessels of the arch
    paint_tube(  # superior vena cava, dense with contrast
        volume, grid, [(-26, -16, 196), (-28, -12, 240), (-26, -14, 275), (-40, -10, 318)],
        [9, 9, 8, 6], lumen + 50.0,
    )  # fmt: skip
    paint_tube(volume, grid, [(-26, -4, 160), (-26, 22, 110), (-16, 30, 20), (-14, 32, -40)],
               [11, 11, 11, 10], 140.0 if torso.contrast else BLOOD)  # fmt: skip
    paint_tube(
        volume, grid, [(16, -40, 205), (18, -22, 224), (10, -2, 226)], [14, 13, 12], lumen + 20
    )
    paint_tube(
        volume, grid, [(10, -2, 226), (-18, 6, 222), (-44, 14, 214)], [12, 11, 8], lumen + 20
    )
    paint_tube(volume, grid, [(14, -2, 228), (34, 14, 228), (46, 20, 214)], [12, 10, 8], lumen + 20)
    for side in (-1, 1):  # pulmonary veins into the left atrium
        for height in (200.0, 184.0):
            paint_tube(
                volume, grid, [(18 + side * 26.0, 16, 190), (4 + side * 56.0, 20, height)],
                [6, 4], lumen - 10,
            )  # fmt: skip
    paint_tube(volume, grid, [(4, 26, 340), (6, 30, 240), (10, 34, 160), (30, 10, 122)], 7.5, 42.0)
    paint_tube(volume, grid, [(5, 28, 300), (7, 31, 230)], 2.0, AIR)  # oesophagus
    for node in ((-14, 4, 238), (-8, 10, 214), (22, 6, 240), (-20, -2, 252)):
        organ(node, (3.5, 4.0, 4.5), 60.0, bend=0.2)  # lymph nodes
    for side in (-1, 1):  # thyroid
        organ((side * 20.0, -2.0, 345.0), (9, 11, 18), 140.0)


def _airways(volume: Array, grid: Grid) -> None:
    trachea: list[Point] = [(0, 10, 370), (0, 12, 290), (-2, 14, 236)]
    paint_tube(volume, grid, trachea, 10.2, 30.0)
    paint_tube(volume, grid, trachea, 8.6, AIR)
    for side, drop in ((-1, 0.0), (1, -4.0)):
        main: list[Point] = [
            (-2, 14, 238),
            (side * 24.0, 18, 222 + drop),
            (side * 46.0, 22, 210 + drop),
        ]
        lower: list[Point] = [main[2], (side * 58.0, 32, 184 + drop), (side * 70.0, 42, 160)]
        upper: list[Point] = [
            (side * 34.0, 20, 217 + drop),
            (side * 58.0, 8, 238),
            (side * 74.0, 0, 258),
        ]
        for path, width in (
            (main, [7.0, 6.0, 5.0]),
            (lower, [4.6, 3.2, 1.8]),
            (upper, [4.2, 2.8, 1.6]),
        ):
            paint_tube(volume, grid, path, [w + 1.4 for w in width], 20.0)
            paint_tube(volume, grid, path, width, AIR)


def _lung_vessels(volume: Array, grid: Grid, lungs: Mask, torso: Torso) -> None:
    """Arteries that fork from each hilum, thinner and shorter at every generation."""
    rng = np.random.default_rng(torso.seed + 5)
    for side in (-1, 1):
        for direction in (
            (0.75, -0.35, 0.65), (0.55, 0.35, 0.75), (0.95, -0.2, 0.05), (0.65, -0.65, -0.2),
            (0.6, 0.55, -0.55), (0.75, 0.15, -0.75), (0.35, 0.75, -0.2), (0.45, -0.6, 0.5),
        ):  # fmt: skip
            start = np.array((side * 42.0, 16.0, 214.0))
            _grow(volume, grid, lungs, rng, start, np.array(direction) * (side, 1, 1), 4.6, 27.0)


def _grow(
    volume: Array,
    grid: Grid,
    lungs: Mask,
    rng: np.random.Generator,
    start: Array | np.ndarray,
    direction: np.ndarray,
    radius: float,
    length: float,
) -> None:
    if radius < 0.7:
        return
    direction = direction / np.linalg.norm(direction)
    end = start + direction * length
    paint_tube(
        volume, grid, [tuple(start), tuple(end)], [radius, radius * 0.82],
        60.0 if radius > 1.3 else -180.0, where=lungs, keep_brighter=True,
    )  # fmt: skip
    for _ in range(2):
        turned = direction + rng.normal(0.0, 0.45, 3)
        _grow(volume, grid, lungs, rng, end, turned, radius * rng.uniform(0.7, 0.84), length * 0.83)


def _paint_liver(
    volume: Array, grid: Grid, inside: Mask, wobble: Array, value: float | Array
) -> None:
    paint_ellipsoid(
        volume,
        grid,
        LIVER_CENTRE,
        LIVER_RADII,
        value,
        where=inside,
        warp=wobble * 1.4,
        exponent=2.3,
    )
    paint_ellipsoid(
        volume,
        grid,
        (22.0, -44.0, 112.0),
        (62.0, 34.0, 30.0),
        value,
        where=inside,
        warp=wobble * 1.2,
    )


def _abdomen(
    volume: Array, grid: Grid, inside: Mask, wobble: Array, fine: Array, torso: Torso
) -> None:
    enhanced = torso.contrast
    below = inside & (grid.z < _diaphragm(grid) - 2.0)
    volume[inside & (np.abs(grid.z - _diaphragm(grid) + 1.0) < 1.8) & (grid.z > 66.0)] = MUSCLE
    liver = (LIVER if enhanced else 58.0) + fine * 2.0
    _paint_liver(volume, grid, below, wobble, liver)
    vein = 165.0 if enhanced else 42.0
    for branch in (
        [(-26, 14, 138), (-60, -4, 128), (-100, -20, 112)],
        [(-26, 14, 138), (-48, 30, 118), (-84, 44, 92)],
        [(-26, 12, 138), (-10, -34, 124), (14, -52, 112)],
        [(-16, -2, 72), (-44, -8, 84), (-86, -24, 84)],
        [(-44, -8, 84), (-72, 26, 76)],
        [(-30, -6, 80), (-14, -44, 104)],
    ):
        paint_tube(volume, grid, branch, [5.5, 4.0, 2.0][: len(branch)], vein, where=below)
    spleen = (SPLEEN if enhanced else 50.0) + fine * 2.0
    paint_ellipsoid(volume, grid, (102, 34, 100), (24, 42, 44), spleen, where=below, warp=wobble)
    _stomach_and_bowel(volume, grid, below, wobble)
    for side, height in ((-1, 22.0), (1, 34.0)):
        _kidney(volume, grid, (side * 64.0, 42.0, height), wobble, enhanced)
    paint_tube(  # pancreas, draped over the spine
        volume, grid, [(-34, -14, 44), (-12, -20, 52), (18, -16, 62), (56, 8, 74), (84, 22, 82)],
        [13, 10, 9, 9, 7], 88.0 if enhanced else 42.0,
    )  # fmt: skip
    paint_ellipsoid(volume, grid, (-50, -50, 60), (15, 19, 27), WATER, warp=wobble)  # gall bladder


def _kidney(volume: Array, grid: Grid, centre: Point, wobble: Array, enhanced: bool) -> None:
    x, y, z = centre
    paint_ellipsoid(
        volume, grid, centre, (29, 26, 54), 175.0 if enhanced else 34.0, warp=wobble * 0.5
    )
    for angle in np.linspace(-0.9, 0.9, 5):
        pyramid = (x + np.sign(x) * 9.0, y + 4.0 * np.sin(4 * angle), z + 40.0 * angle)
        paint_ellipsoid(volume, grid, pyramid, (11, 10, 7), 118.0 if enhanced else 30.0)
    paint_ellipsoid(volume, grid, (x - np.sign(x) * 12.0, y - 3.0, z), (16, 10, 22), FAT)
    paint_ellipsoid(volume, grid, (x - np.sign(x) * 10.0, y - 3.0, z), (9, 5, 12), WATER)


def _stomach_and_bowel(volume: Array, grid: Grid, below: Mask, wobble: Array) -> None:
    stomach: Point = (60.0, -24.0, 98.0)
    paint_ellipsoid(volume, grid, stomach, (44, 38, 34), 70.0, where=below, warp=wobble)
    paint_ellipsoid(volume, grid, stomach, (40, 34, 30), 22.0, where=below, warp=wobble)
    bubble = below & np.asarray(grid.y < -38.0)
    paint_ellipsoid(volume, grid, stomach, (40, 34, 30), AIR + 20, where=bubble, warp=wobble)
    rng = np.random.default_rng(11)
    loops = [(-104, -14, z) for z in (30, 6, -18)] + [(106, 4, z) for z in (44, 18, -8)]
    loops += [(x, -62, 34) for x in range(-80, 90, 28)]
    for x, y, z in loops:  # colon: haustra with stool and gas that rises to the front
        where: Point = (x + rng.normal(0, 3), y + rng.normal(0, 3), z + rng.normal(0, 4))
        paint_ellipsoid(volume, grid, where, (20, 18, 17), 55.0, where=below, warp=wobble)
        paint_ellipsoid(
            volume, grid, where, (17, 15, 14), rng.choice([10.0, 35.0, -60.0]), where=below
        )
        gas = below & np.asarray(grid.y < where[1] - rng.uniform(-4, 8))
        paint_ellipsoid(volume, grid, where, (17, 15, 14), AIR + 30.0, where=gas)
    for _ in range(26):  # small bowel
        where = (rng.uniform(-70, 70), rng.uniform(-50, 10), rng.uniform(-40, 26))
        paint_ellipsoid(volume, grid, where, (15, 13, 12), 78.0, where=below, warp=wobble)
        paint_ellipsoid(volume, grid, where, (11, 9, 8), 20.0, where=below)


def _disease(volume: Array, grid: Grid, lungs: Mask, fine: Array, torso: Torso) -> None:
    for nodule in torso.nodules:
        _paint_nodule(volume, grid, nodule, fine, 48.0)
    if torso.consolidation:
        patch = np.asarray(
            ((grid.x + 78) / 42) ** 2 + ((grid.y - 28) / 36) ** 2 + ((grid.z - 172) / 34) ** 2
        )
        veil = np.clip(1.25 - patch + fine * 0.22, 0.0, 1.0)
        volume[lungs] += (np.clip(veil * 1.6, 0, 1) * (30.0 - volume).clip(0, None) * 0.92)[lungs]
    if torso.effusion:
        level = np.asarray(grid.y > 62.0 - 0.25 * (150.0 - grid.z)) & np.asarray(grid.x < 0)
        volume[lungs & level & np.asarray(grid.z < 200.0)] = 8.0


def _paint_nodule(volume: Array, grid: Grid, nodule: Nodule, fine: Array, value: float) -> None:
    radii: Point = (nodule.radius, nodule.radius * 0.92, nodule.radius * 1.05)
    bend = fine * (nodule.radius * 0.16 if nodule.spiculated else 0.0)
    paint_ellipsoid(volume, grid, nodule.centre, radii, value, warp=bend)
    if not nodule.spiculated or value == 1.0:
        return
    rng = np.random.default_rng(3)
    for direction in rng.normal(size=(14, 3)):
        direction /= np.linalg.norm(direction)
        tip = np.asarray(nodule.centre) + direction * nodule.radius * rng.uniform(1.5, 2.1)
        paint_tube(
            volume, grid, [nodule.centre, tuple(tip)], [1.4, 0.7], -120.0, keep_brighter=True
        )


def _skeleton(volume: Array, grid: Grid, outline: Array) -> None:
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
    width, height = _cavity_axes(grid)
    radius = _radius(grid, width + 5.0, height + 5.0)
    depth = (radius - 1.0) * np.minimum(width, height)
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
                [(side * (80 - 18 * reach), 94, 250.0 + height), (side * (84 + 30 * reach), 80, 252.0 + height)],
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


def _table(volume: Array, grid: Grid) -> None:
    bed = 131.0 - 0.0011 * grid.x**2
    depth = grid.y - bed
    wide = np.abs(grid.x) < 215.0
    volume[
        np.broadcast_to((depth > 0) & (depth < 16) & wide, grid.shape) & (volume < -500)
    ] = -930.0
    shell = ((depth > 0) & (depth < 2.0)) | ((depth > 14.0) & (depth < 16.0))
    volume[np.broadcast_to(shell & wide, grid.shape) & (volume < -500)] = 40.0
