"""Anatomy: tissues where a reader looks for them, and the same at every sampling."""

import numpy as np
import pytest

from vesalius.sample.phantoms import angiogram, echo, electrocardiogram, head, radiograph, tissues
from vesalius.sample.phantoms import torso as torsos
from vesalius.sample.phantoms.angiogram import Angiogram
from vesalius.sample.phantoms.body import Nodule, Torso
from vesalius.sample.phantoms.brain import Head, Plaque
from vesalius.sample.phantoms.echo import Echo
from vesalius.sample.phantoms.electrocardiogram import LEADS, Rhythm
from vesalius.sample.phantoms.grid import Grid
from vesalius.sample.phantoms.tissues import Tissue

NODULE = Nodule((-72.0, -14.0, 250.0), 6.0)


def chest_grid(step: float) -> Grid:
    return Grid.centred(width=370, height=370, bottom=0, top=320, spacing=(step, step, step * 2))


def at(grid: Grid, volume: np.ndarray, x: float, y: float, z: float) -> float:
    index = tuple(
        int(np.abs(axis - place).argmin())
        for axis, place in ((grid.z_axis, z), (grid.y_axis, y), (grid.x_axis, x))
    )
    return float(volume[index])


@pytest.fixture(scope="module")
def chest() -> tuple[Grid, np.ndarray]:
    grid = chest_grid(2.0)
    return grid, torsos.draw(grid, Torso(nodules=(NODULE,)))


@pytest.fixture(scope="module")
def skull() -> Grid:
    return Grid.centred(width=235, height=235, bottom=0, top=160, spacing=(1.5, 1.5, 3.0))


class TestTorso:
    @pytest.mark.parametrize(
        ("place", "low", "high"),
        [
            ((0, -170, 200), -1001, -999),  # air before the chest
            ((-80, 20, 200), -900, -700),  # right lung
            ((80, 20, 200), -900, -700),  # left lung
            ((24, 48, 180), 200, 320),  # descending aorta, on the left of the spine
            ((-60, 0, 110), 80, 190),  # liver, on the right
            ((102, 34, 100), 100, 150),  # spleen, on the left
            ((0, 56, 190), 150, 600),  # vertebral body or disc's neighbour
            ((0, 82, 190), 0, 60),  # spinal cord
            ((0, 10, 300), -1001, -950),  # trachea
            ((-72, -14, 250), 30, 60),  # the nodule
        ],
    )
    def test_tissue_is_where_anatomy_has_it(self, chest, place, low, high):
        grid, volume = chest
        assert low <= at(grid, volume, *place) <= high

    def test_coarser_sampling_sees_the_same_body(self, chest):
        grid, fine = chest
        coarse_grid = chest_grid(4.0)
        coarse = torsos.draw(coarse_grid, Torso(nodules=(NODULE,)))
        planes = np.searchsorted(grid.z_axis, coarse_grid.z_axis)
        columns = np.clip(np.searchsorted(grid.x_axis, coarse_grid.x_axis), 0, len(grid.x_axis) - 1)
        rows = np.clip(np.searchsorted(grid.y_axis, coarse_grid.y_axis), 0, len(grid.y_axis) - 1)
        same = fine[np.ix_(planes, rows, columns)]
        assert np.mean(np.abs(same - coarse) < 60) > 0.85

    def test_nodule_mask_is_as_large_as_the_nodule(self):
        fine = Grid.centred(width=200, height=80, bottom=235, top=265, spacing=(1.0, 1.0, 1.0))
        mask = torsos.nodule_mask(fine, Torso(nodules=(NODULE,)))
        assert mask.sum() == pytest.approx(4 / 3 * np.pi * NODULE.radius**3, rel=0.3)

    def test_liver_mask_lies_on_the_right_below_the_lung(self, chest):
        grid, volume = chest
        mask = torsos.liver_mask(grid, Torso())
        centre = (np.argwhere(mask).mean(axis=0) + 0.5).astype(int)
        assert grid.x_axis[centre[2]] < -20
        assert np.median(volume[mask]) == pytest.approx(108, abs=12)


class TestRadiograph:
    def test_lung_is_dark_between_bright_spine_and_ribs(self):
        film = radiograph.chest(Torso(contrast=False, table=False))
        middle = film.shape[0] // 3
        row = film[middle : middle + 40].mean(axis=0)
        spine, lung = row[radiograph.COLUMNS // 2], row[int(radiograph.COLUMNS * 0.33)]
        assert film.min() >= 0
        assert film.max() <= 4095
        assert spine > lung + 800

    def test_pneumonia_brightens_the_right_lower_lung(self):
        well = radiograph.chest(Torso(contrast=False, table=False, seed=4))
        ill = radiograph.chest(Torso(consolidation=True, contrast=False, table=False, seed=4))
        rows = slice(int(0.55 * well.shape[0]), int(0.62 * well.shape[0]))
        right, left = slice(380, 520), slice(950, 1090)
        assert ill[rows, right].mean() > well[rows, right].mean() + 200
        assert abs(ill[rows, left].mean() - well[rows, left].mean()) < 100


class TestHead:
    def test_haemorrhage_is_dense_and_on_its_side(self, skull):
        tissue = head.draw(skull, Head(haemorrhage=True))
        blood = np.argwhere(tissue == Tissue.BLOOD).mean(axis=0)
        assert skull.x_axis[int(blood[2])] > 10
        assert np.median(tissues.hounsfield(tissue)[tissue == Tissue.BLOOD]) > 60

    def test_weightings_order_tissues_as_a_reader_expects(self, skull):
        tissue = head.draw(skull, Head(plaques=(Plaque((22.0, 30.0, 108.0), 4.0),)))

        def mean(image: np.ndarray, kind: Tissue) -> float:
            return float(image[tissue == kind].mean())

        t1 = tissues.signal(tissue, repetition=2300, echo=3, inversion=900)
        t2 = tissues.signal(tissue, repetition=5200, echo=98)
        flair = tissues.signal(tissue, repetition=9000, echo=110, inversion=2500)
        assert mean(t1, Tissue.WHITE) > mean(t1, Tissue.GREY) > mean(t1, Tissue.FLUID)
        assert mean(t2, Tissue.FLUID) > mean(t2, Tissue.GREY) > mean(t2, Tissue.WHITE)
        assert mean(flair, Tissue.PLAQUE) > mean(flair, Tissue.WHITE) > mean(flair, Tissue.FLUID)

    def test_atrophy_widens_what_holds_fluid(self, skull):
        young = (head.draw(skull, Head()) == Tissue.FLUID).sum()
        old = (head.draw(skull, Head(atrophy=1.0)) == Tissue.FLUID).sum()
        assert old > 1.15 * young


class TestEcho:
    def test_ventricle_is_smaller_in_systole(self):
        frames = echo.cine(Echo(), frames=10)
        sector = frames[:, 120:330, 380:560, 0]
        dark = (sector < 60).mean(axis=(1, 2))
        assert dark[4] < 0.85 * dark[9]

    def test_colour_is_shown_only_when_asked(self):
        def is_coloured(frames: np.ndarray) -> bool:
            # The electrocardiogram below the sector is green in both.
            sector = frames[:, :520].astype(int)
            return bool((np.abs(sector[..., 0] - sector[..., 2]) > 40).any())

        assert is_coloured(echo.cine(Echo(), frames=6, colour=True))
        assert not is_coloured(echo.cine(Echo(), frames=6))


class TestAngiogram:
    def test_contrast_comes_and_goes(self):
        frames = angiogram.cine(Angiogram(), frames=60)
        dark = (frames[:, 130:400, 190:440] < 90).mean(axis=(1, 2))
        assert dark[0] < 0.01
        assert dark[24] > 3 * max(dark[0], 0.005)
        assert dark[59] < dark[24] / 2

    def test_stenosis_narrows_the_artery_where_it_is(self):
        x, y = (int(value) for value in angiogram.STENOSIS_AT)
        box = (slice(y - 1, y + 2), slice(x - 1, x + 2))
        normal, _ = angiogram._vessel_maps(Angiogram(stenosis=0.0))
        narrow, _ = angiogram._vessel_maps(Angiogram(stenosis=0.72))
        assert narrow[box].max() < 0.6 * normal[box].max()


class TestElectrocardiogram:
    def test_limb_leads_obey_einthoven_and_goldberger(self):
        leads = dict(zip(LEADS, electrocardiogram.record(Rhythm()), strict=True))
        np.testing.assert_allclose(leads["I"] + leads["III"], leads["II"], atol=1e-5)
        total = leads["aVR"] + leads["aVL"] + leads["aVF"]
        np.testing.assert_allclose(total, 0, atol=1e-5)

    def test_beats_come_at_the_given_rate(self):
        lead = electrocardiogram.record(Rhythm(rate=75))[1]
        peaks = (lead[1:-1] > 0.7) & (lead[1:-1] >= lead[:-2]) & (lead[1:-1] > lead[2:])
        gaps = np.diff(np.flatnonzero(peaks))
        beats = gaps[gaps > 150]
        assert np.median(beats) / 500 == pytest.approx(60 / 75, rel=0.05)

    def test_scar_turns_the_anterior_leads(self):
        leads = electrocardiogram.record(Rhythm(anterior_scar=True))
        assert leads[LEADS.index("V2")].min() < -0.8
        assert leads[LEADS.index("V2")].max() < 0.3
