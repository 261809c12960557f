"""Pictures: what is rendered is what the standard's pipeline says."""

import io

import numpy as np
import orjson
import pydicom
import pytest
from PIL import Image
from pydicom.data import get_testdata_file
from pydicom.pixels import apply_color_lut, apply_modality_lut, apply_voi_lut
from pydicom.uid import ExplicitVRLittleEndian

from vesalius.kit.errors import Invalid, Unsupported
from vesalius.standards.dicom import rendering
from vesalius.standards.dicom.grayscale import Grayscale, grayscale_of, to_gray
from vesalius.standards.dicom.pixel_description import PixelDescription

EXPLICIT = str(ExplicitVRLittleEndian)


def document_of(dataset: pydicom.Dataset) -> bytes:
    """The metadata of an instance without its pixel data."""
    slim = pydicom.Dataset()
    slim.update({e.tag: e for e in dataset if e.tag.group < 0x7FE0})
    return orjson.dumps(slim.to_json_dict(suppress_invalid_tags=True))


def image_of(values: np.ndarray, **more) -> bytes:
    """Metadata of a grey image made here."""
    elements = {
        "00280002": ("US", 1),
        "00280004": ("CS", "MONOCHROME2"),
        "00280010": ("US", values.shape[0]),
        "00280011": ("US", values.shape[1]),
        "00280100": ("US", values.dtype.itemsize * 8),
        "00280101": ("US", values.dtype.itemsize * 8),
        "00280103": ("US", int(values.dtype.kind == "i")),
    }
    document = {tag: {"vr": vr, "Value": [value]} for tag, (vr, value) in elements.items()}
    return orjson.dumps({**document, **more})


def png(document: bytes, data: bytes | None, syntax: str = EXPLICIT, **options) -> np.ndarray:
    """Rendered without loss."""
    body = rendering.render(document, syntax, data, {"media_type": "image/png", **options})
    return np.asarray(Image.open(io.BytesIO(body)))


class TestGrayscale:
    @pytest.mark.parametrize("function", ["LINEAR", "LINEAR_EXACT", "SIGMOID"])
    def test_window_equals_pydicom(self, function):
        values = np.arange(-2000, 2000, dtype=np.int16).reshape(40, 100)
        dataset = pydicom.Dataset()
        dataset.PhotometricInterpretation = "MONOCHROME2"
        dataset.PixelRepresentation, dataset.BitsStored, dataset.BitsAllocated = 1, 16, 16
        dataset.RescaleSlope, dataset.RescaleIntercept = 2, -100
        dataset.WindowCenter, dataset.WindowWidth = 40, 400
        dataset.VOILUTFunction = function
        expected = apply_voi_lut(apply_modality_lut(values, dataset), dataset)
        low, high = (-65536.0 - 100, 65534.0 - 100)
        expected = (expected - low) / (high - low) * 255

        gray = to_gray(
            values,
            PixelDescription(EXPLICIT, 40, 100, signed=True),
            grayscale_of(orjson.loads(dataset.to_json()), 1),
        )

        assert np.abs(gray - expected).max() <= 1
        assert gray.min() == 0
        assert gray.max() == 255

    def test_a_voi_lut_is_looked_up(self):
        values = np.array([[0, 1, 2, 3, 9]], np.uint16)
        lut = {"vr": "US", "Value": [0, 1024, 2048, 4095]}
        sequence = {
            "vr": "SQ",
            "Value": [{"00283002": {"vr": "US", "Value": [4, 1, 12]}, "00283006": lut}],
        }

        picture = png(image_of(values, **{"00283010": sequence}), values.tobytes())

        assert picture.tolist() == [[0, 0, 64, 128, 255]]

    def test_monochrome1_is_turned_unless_the_presentation_says_otherwise(self):
        values = np.array([[0, 128, 255]], np.uint8)
        inverse = {"00280004": {"vr": "CS", "Value": ["MONOCHROME1"]}}
        identity = {"20500020": {"vr": "CS", "Value": ["IDENTITY"]}}

        assert png(image_of(values, **inverse), values.tobytes()).tolist() == [[255, 127, 0]]
        assert png(image_of(values, **inverse, **identity), values.tobytes()).tolist() == [
            [0, 128, 255]
        ]

    def test_without_a_window_the_image_spans_its_own_range_without_padding(self):
        values = np.array([[-2000, 0, 50, 100]], np.int16)
        padding = {"00280120": {"vr": "SS", "Value": [-2000]}}

        assert png(image_of(values, **padding), values.tobytes()).tolist() == [[0, 0, 128, 255]]

    @pytest.mark.parametrize("value", [0, 7, 65535])
    def test_a_flat_image_is_no_error(self, value):
        values = np.full((3, 3), value, np.uint16)

        assert png(image_of(values), values.tobytes()).shape == (3, 3)

    def test_a_frame_has_its_own_window(self):
        def item(center):
            window = {
                "00281050": {"vr": "DS", "Value": [center]},
                "00281051": {"vr": "DS", "Value": [10]},
            }
            return {"00289132": {"vr": "SQ", "Value": [window]}}

        dataset = {"52009230": {"vr": "SQ", "Value": [item(5), item(500)]}}

        assert [grayscale_of(dataset, n).center for n in (1, 2)] == [5, 500]

    def test_floating_point_pixels(self):
        values = np.array([[0.0, 0.5, 1.0, np.nan]], np.float32)
        document = orjson.loads(image_of(values))
        document["7FE00008"] = {"vr": "OF"}

        assert png(orjson.dumps(document), values.tobytes()).tolist() == [[0, 128, 255, 0]]

    def test_an_asked_window_wins(self):
        values = np.array([[0, 100, 200]], np.uint16)

        picture = png(image_of(values), values.tobytes(), window=[100, 100, "LINEAR_EXACT"])

        assert picture.tolist() == [[0, 128, 255]]
        assert Grayscale().windowed(1, 2, "SIGMOID").function == "SIGMOID"


class TestColour:
    @pytest.mark.filterwarnings("ignore::UserWarning")
    def test_a_palette_equals_pydicom(self):
        dataset = pydicom.dcmread(get_testdata_file("examples_palette.dcm"))
        expected = apply_color_lut(dataset.pixel_array, dataset)

        picture = png(document_of(dataset), dataset.PixelData)

        assert np.abs(picture.astype(int) - (expected >> 8 if expected.max() > 255 else expected)
                      .astype(int)).max() <= 1  # fmt: skip

    def test_a_segmented_palette_equals_pydicom(self):
        values = np.arange(0, 240, dtype=np.uint8).reshape(12, 20)
        dataset = pydicom.Dataset()
        dataset.file_meta = pydicom.dataset.FileMetaDataset()
        dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        segments = np.array([0, 1, 0, 1, 99, 65535, 1, 100, 0, 0, 40, *range(40)], "<u2")
        for colour in ("Red", "Green", "Blue"):
            setattr(dataset, f"{colour}PaletteColorLookupTableDescriptor", [240, 0, 16])
            setattr(dataset, f"Segmented{colour}PaletteColorLookupTableData", segments.tobytes())
        expected = apply_color_lut(values, dataset)
        palette = orjson.loads(dataset.to_json())
        photometric = {"00280004": {"vr": "CS", "Value": ["PALETTE COLOR"]}}

        picture = png(image_of(values, **palette, **photometric), values.tobytes())

        assert np.abs(picture.astype(int) - (expected >> 8)).max() <= 1

    def test_a_palette_that_was_left_in_the_file(self):
        values = np.array([[0, 1]], np.uint8)
        table = np.array([0, 0xFF00], "<u2").tobytes()
        document = orjson.loads(image_of(values))
        document["00280004"]["Value"] = ["PALETTE COLOR"]
        for channel in "123":
            document[f"0028110{channel}"] = {"vr": "US", "Value": [2, 0, 16]}
            document[f"0028120{channel}"] = {"vr": "OW", "BulkDataURI": "…"}

        picture = png(
            orjson.dumps(document),
            values.tobytes(),
            values={f"0028120{channel}": table for channel in "123"},
        )

        assert picture.tolist() == [[[0, 0, 0], [255, 255, 255]]]

    @pytest.mark.filterwarnings("ignore::UserWarning")
    def test_native_ybr_422_equals_pydicom(self):
        dataset = pydicom.dcmread(get_testdata_file("SC_ybr_full_422_uncompressed.dcm"))

        picture = png(document_of(dataset), dataset.PixelData)

        assert np.abs(picture.astype(int) - dataset.pixel_array).max() <= 1


class TestFitting:
    values = np.arange(64 * 32, dtype=np.uint16).reshape(64, 32)

    def test_it_fits_the_viewport_and_keeps_its_aspect(self):
        document = image_of(self.values)

        assert png(document, self.values.tobytes(), viewport=[16, 16]).shape == (16, 8)
        assert png(document, self.values.tobytes(), viewport=[320, 128]).shape == (128, 64)

    def test_a_region_is_cut_and_flipped(self):
        document, data = image_of(self.values), self.values.tobytes()
        whole = png(document, data)

        cut = png(document, data, viewport=[10, 20, 2, 4, 10, 20])
        flipped = png(document, data, viewport=[10, 20, 2, 4, -10, -20])

        np.testing.assert_array_equal(cut, whole[4:24, 2:12])
        np.testing.assert_array_equal(flipped, whole[4:24, 2:12][::-1, ::-1])

    @pytest.mark.parametrize("region", [(-5, -5, 1000, 1000), (999, 999, 5, 5), (0, 0, 0.1, 0.1)])
    def test_a_region_outside_is_no_error(self, region):
        png(image_of(self.values), self.values.tobytes(), viewport=[10, 10, *region])

    def test_pixels_that_are_not_square_become_so(self):
        spacing = {"00280030": {"vr": "DS", "Value": [2.0, 1.0]}}

        assert png(image_of(self.values, **spacing), self.values.tobytes()).shape == (128, 32)


class TestRender:
    def test_jpeg_by_quality(self):
        values = np.random.default_rng(1).integers(0, 255, (64, 64)).astype(np.uint8)
        document = image_of(values)

        small, large = (
            rendering.render(document, EXPLICIT, values.tobytes(), {"quality": quality})
            for quality in (10, 95)
        )

        assert Image.open(io.BytesIO(small)).format == "JPEG"
        assert len(small) < len(large) / 3

    def test_what_cannot_be_decoded_is_an_error_and_a_card_as_thumbnail(self):
        document = image_of(np.zeros((8, 8), np.uint8))
        jpeg = "1.2.840.10008.1.2.4.50"

        with pytest.raises(Invalid):
            rendering.render(document, jpeg, b"not a JPEG", {})
        with pytest.raises(Unsupported):
            rendering.render(document, "1.2.840.10008.1.2.4.102", b"video", {})
        assert png(document, b"not a JPEG", jpeg, thumbnail=True).std() > 0
        assert png(document, b"video", "1.2.840.10008.1.2.4.102", thumbnail=True).std() > 0

    def test_an_ecg_is_drawn(self):
        dataset = pydicom.dcmread(get_testdata_file("waveform_ecg.dcm"))
        data = dataset.WaveformSequence[0].WaveformData

        picture = png(document_of(dataset), data)

        dark = (picture < 80).all(axis=-1)
        # Each of the twelve boxes and the rhythm strip has a trace in it.
        for row in range(3):
            for column in range(4):
                assert dark[row * 174 + 12 : row * 174 + 186, column * 294 + 80 :][:, :200].any()
        assert dark[540:].any()

    @pytest.mark.parametrize("damage", [{}, {"003A0005": {"vr": "US", "Value": [99]}}])
    def test_an_ecg_that_lies_is_refused(self, damage):
        document = {"54000100": {"vr": "SQ", "Value": [damage]}}

        with pytest.raises(Invalid):
            rendering.render(orjson.dumps(document), EXPLICIT, b"\0" * 100, {})

    @pytest.mark.parametrize("name", ["reportsi.dcm", "rtplan.dcm"])
    def test_a_card_stands_for_what_has_no_image(self, name):
        dataset = pydicom.dcmread(get_testdata_file(name))

        picture = png(document_of(dataset), None)

        assert picture.shape == (512, 512, 3)
        assert picture.std() > 10
