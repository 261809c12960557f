"""Every transfer syntax decodes to what pydicom's own decoders say, on real files."""

from pathlib import Path

import numpy as np
import orjson
import pydicom
import pytest
from pydicom.data import get_testdata_file
from pydicom.encaps import generate_frames
from pydicom.pixels import convert_color_space, get_decoder

from vesalius.kit.errors import Invalid, Unsupported
from vesalius.standards.dicom import pixels, transcoding
from vesalius.standards.dicom.pixel_description import NATIVE, PixelDescription

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")

WG04 = Path(__file__).parents[4] / "shared" / "data" / "dicom" / "wg04"
PYDICOM_FILES = [
    "693_J2KI.dcm",
    "CT_small.dcm",
    "ExplVR_BigEnd.dcm",
    "J2K_pixelrep_mismatch.dcm",
    "JPEG-LL.dcm",
    "JPEG2000.dcm",
    "MR_small.dcm",
    "MR_small_RLE.dcm",
    "MR_small_bigendian.dcm",
    "MR_small_jp2klossless.dcm",
    "MR_small_jpeg_ls_lossless.dcm",
    "SC_jpeg_no_color_transform.dcm",
    "SC_jpeg_no_color_transform_2.dcm",
    "SC_rgb.dcm",
    "SC_rgb_16bit.dcm",
    "SC_rgb_32bit.dcm",
    "SC_rgb_jls_lossy_line.dcm",
    "SC_rgb_jls_lossy_sample.dcm",
    "SC_rgb_jpeg_app14_dcmd.dcm",
    "SC_rgb_jpeg_dcmd.dcm",
    "SC_rgb_jpeg_dcmtk.dcm",
    "SC_rgb_jpeg_lossy_gdcm.dcm",
    "SC_rgb_rle.dcm",
    "SC_rgb_rle_16bit.dcm",
    "SC_rgb_rle_2frame.dcm",
    "SC_rgb_rle_32bit.dcm",
    "SC_rgb_small_odd.dcm",
    "SC_rgb_small_odd_big_endian.dcm",
    "SC_rgb_small_odd_jpeg.dcm",
    "SC_ybr_full_422_uncompressed.dcm",
    "color3d_jpeg_baseline.dcm",
    "emri_small.dcm",
    "emri_small_RLE.dcm",
    "emri_small_jpeg_ls_lossless.dcm",
    "examples_jpeg2k.dcm",
    "examples_palette.dcm",
    "examples_rgb_color.dcm",
    "examples_ybr_color.dcm",
    "image_dfl.dcm",
    "liver.dcm",
    "liver_expb.dcm",
    "rtdose.dcm",
    "rtdose_expb.dcm",
    "rtdose_rle.dcm",
]


def local_file(name: str) -> Path | None:
    """One of pydicom's files, when its wheel carries it (others it would download)."""
    found = get_testdata_file(name, download=False)
    return Path(str(found)) if found else None


def describe(dataset: pydicom.Dataset) -> PixelDescription:
    slim = pydicom.Dataset()
    slim.update(dataset.group_dataset(0x0028))
    document = {tag: v for tag, v in slim.to_json_dict().items() if "InlineBinary" not in v}
    document["7FE00010"] = {"vr": dataset["PixelData"].VR}
    return PixelDescription.of(document, str(dataset.file_meta.TransferSyntaxUID))


def frames_of(dataset: pydicom.Dataset) -> list[tuple[bytes, int]]:
    """(bytes, first bit) of each frame."""
    description = describe(dataset)
    count = description.number_of_frames
    if description.transfer_syntax_uid not in NATIVE:
        return [(each, 0) for each in generate_frames(dataset.PixelData, number_of_frames=count)]
    size = description.native_bits
    starts = [number * size for number in range(count)]
    return [
        # Whole words: an odd frame's last byte stands in a word of two.
        (dataset.PixelData[at // 8 : ((at + size + 7) // 8 + 1) & ~1], at % 8)
        for at in starts
    ]


def oracle(dataset: pydicom.Dataset) -> list[tuple[np.ndarray, str]]:
    """pydicom's own decode, colour as coded."""
    decoder = get_decoder(dataset.file_meta.TransferSyntaxUID)
    return [
        (array, properties["photometric_interpretation"])
        for array, properties in decoder.iter_array(dataset, raw=True)
    ]


class TestDecode:
    @pytest.mark.parametrize("name", PYDICOM_FILES)
    def test_equals_pydicom(self, name):
        path = local_file(name)
        if path is None:
            pytest.skip("not in pydicom's wheel")
        dataset = pydicom.dcmread(path)
        description = describe(dataset)
        try:
            expected = oracle(dataset)
        except (RuntimeError, ValueError):
            expected = [(dataset.pixel_array, description.photometric_interpretation)]
            dataset = pydicom.dcmread(path)

        for (data, first_bit), (array, photometric) in zip(
            frames_of(dataset), expected, strict=True
        ):
            frame = pixels.decode(data, description, first_bit=first_bit)
            if photometric.startswith("YBR_FULL") and frame.photometric_interpretation == "RGB":
                array = convert_color_space(array, photometric, "RGB")
            np.testing.assert_array_equal(frame.values, array)

    @pytest.mark.skipif(not WG04.exists(), reason="the WG-04 files are not here")
    @pytest.mark.parametrize("name", ["CT1", "CT2", "MR1", "MR2", "MR3", "MR4"])
    def test_three_lossless_codings_of_one_image_are_one(self, name):
        """No free decoder reads them all; the same image three times is as good."""
        decoded = [
            pixels.decode(frames_of(dataset)[0][0], describe(dataset)).values
            for coding in ("J2KR", "JLSL", "JPLL")
            for dataset in [pydicom.dcmread(WG04 / coding / f"{name}_{coding}")]
        ]

        assert decoded[0].std() > 1
        np.testing.assert_array_equal(decoded[0], decoded[1])
        np.testing.assert_array_equal(decoded[0], decoded[2])

    @pytest.mark.skipif(not WG04.exists(), reason="the WG-04 files are not here")
    @pytest.mark.parametrize(
        "path", sorted(WG04.glob("J*/*")) if WG04.exists() else [], ids=lambda p: p.name
    )
    def test_every_wg04_file_equals_pydicom_where_it_can(self, path):
        dataset = pydicom.dcmread(path)
        description = describe(dataset)

        frames = [pixels.decode(data, description) for data, _ in frames_of(dataset)]

        assert all(frame.values.std() > 0 for frame in frames)
        try:
            expected = oracle(dataset)
        except RuntimeError:
            return  # JPLL: pydicom has no decoder here; the three-codings test covers it
        for frame, (array, photometric) in zip(frames, expected, strict=True):
            assert photometric in ("RGB", frame.photometric_interpretation)
            np.testing.assert_array_equal(frame.values, array)

    def test_twelve_bit_extended_jpeg(self):
        """Values other decoders agree on (pydicom's own tests with GDCM)."""
        dataset = pydicom.dcmread(local_file("JPGExtended.dcm"))

        frame = pixels.decode(frames_of(dataset)[0][0], describe(dataset))

        assert (frame.values[420, 140], frame.values[230, 120]) == (244, 95)

    def test_lossless_colour_jpeg(self):
        dataset = pydicom.dcmread(local_file("SC_rgb_jpeg_gdcm.dcm"))

        frame = pixels.decode(frames_of(dataset)[0][0], describe(dataset))

        assert frame.values[5, 50].tolist() == [255, 0, 0]
        assert frame.values[85, 50].tolist() == [128, 128, 255] or frame.values[
            55, 50
        ].tolist() == [128, 128, 255]

    @pytest.mark.parametrize("damage", [b"", b"\x00" * 100, b"\xff\xd8\xff", None])
    @pytest.mark.parametrize(
        "name",
        ["JPEG2000.dcm", "MR_small_RLE.dcm", "SC_rgb_jpeg_dcmtk.dcm", "CT_small.dcm"],
    )
    def test_damage_is_told(self, name, damage):
        dataset = pydicom.dcmread(local_file(name))
        data = frames_of(dataset)[0][0][: 100 if damage is None else 0] + (damage or b"")

        with pytest.raises(Invalid):
            pixels.decode(data, describe(dataset))

    def test_video_is_not_pretended(self):
        description = PixelDescription("1.2.840.10008.1.2.4.102", 2, 2)

        with pytest.raises(Unsupported):
            pixels.decode(b"", description)


class TestDescription:
    @pytest.mark.parametrize(
        "values",
        [
            {},
            {"00280010": [0], "00280011": [5]},
            {"00280010": [70000], "00280011": [5]},
            {"00280010": [5], "00280011": [5], "00280100": [12]},
            {"00280010": [5], "00280011": [5], "00280002": [77]},
            {"00280010": ["five"], "00280011": [5]},
        ],
    )
    def test_a_header_that_lies_is_refused(self, values):
        document = {tag: {"vr": "US", "Value": value} for tag, value in values.items()}

        with pytest.raises(Invalid):
            PixelDescription.of(document, "1.2.840.10008.1.2.1")


class TestTranscoding:
    @pytest.mark.parametrize(
        "name", [n for n in PYDICOM_FILES if n not in ("SC_rgb_small_odd_big_endian.dcm",)]
    )
    def test_an_explicit_instance_has_the_same_pixels(self, name, tmp_path):
        path = local_file(name)
        if path is None:
            pytest.skip("not in pydicom's wheel")
        target = tmp_path / "explicit.dcm"

        size = transcoding.instance_to_explicit(str(path), str(target))

        before, after = pydicom.dcmread(path), pydicom.dcmread(target)
        assert size == target.stat().st_size
        assert after.file_meta.TransferSyntaxUID == "1.2.840.10008.1.2.1"
        assert after.SOPInstanceUID == before.SOPInstanceUID
        if before.file_meta.TransferSyntaxUID in NATIVE:
            np.testing.assert_array_equal(after.pixel_array, before.pixel_array)
            return
        decoded = [pixels.decode(data, describe(before)) for data, _ in frames_of(before)]
        expected = np.stack([each.values for each in decoded]).squeeze()
        raw = get_decoder("1.2.840.10008.1.2.1").as_array(after, raw=True)[0]
        np.testing.assert_array_equal(raw.squeeze(), expected)

    def test_a_big_endian_frame_is_turned(self):
        dataset = pydicom.dcmread(local_file("MR_small_bigendian.dcm"))
        document = dataset.group_dataset(0x0028).to_json_dict()
        document["7FE00010"] = {"vr": "OW"}

        native = transcoding.frame_to_native(
            orjson.dumps(document), "1.2.840.10008.1.2.2", frames_of(dataset)[0][0]
        )

        array = dataset.pixel_array
        assert native == array.astype(array.dtype.newbyteorder("<")).tobytes()
