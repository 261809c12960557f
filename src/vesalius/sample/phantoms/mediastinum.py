"""Heart, great vessels, oesophagus and airways."""

from __future__ import annotations

from vesalius.sample.phantoms.body import AIR, BLOOD, FAT, LUMEN, MYOCARDIUM, Torso
from vesalius.sample.phantoms.grid import Array, Grid, Point, paint_ellipsoid, paint_tube


def draw_mediastinum(volume: Array, grid: Grid, wobble: Array, torso: Torso) -> None:
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


def draw_airways(volume: Array, grid: Grid) -> None:
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
