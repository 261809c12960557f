"""Pictures through the door, of every kind of object."""

import io

import pydicom
import pytest
from PIL import Image
from pydicom.data import get_testdata_file
from pydicom.uid import generate_uid

from tests.interfaces.dicomweb.objects import make_image, make_series, read_parts

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")


def open_image(response) -> Image.Image:
    assert response.status_code == 200, response.text
    return Image.open(io.BytesIO(response.content))


def instance_url(dataset) -> str:
    return (
        f"/studies/{dataset.StudyInstanceUID}/series/{dataset.SeriesInstanceUID}"
        f"/instances/{dataset.SOPInstanceUID}"
    )


@pytest.fixture(scope="module")
def series(store):
    images = make_series(5, size=32)
    store(*images)
    return images


@pytest.fixture(scope="module")
def cine(store):
    image = make_image(frames=7)
    store(image)
    return image


class TestRendered:
    def test_jpeg_is_what_comes_unasked(self, client, series):
        for accept in ("*/*", "image/*", "image/jpeg", "image/png;q=0.5, image/jpeg"):
            response = client.get(instance_url(series[0]) + "/rendered", headers={"Accept": accept})
            assert response.headers["content-type"] == "image/jpeg"
            assert open_image(response).size == (32, 32)

    def test_png_when_asked(self, client, series):
        url = instance_url(series[0])

        by_header = client.get(url + "/rendered", headers={"Accept": "image/png"})
        by_query = client.get(url + "/rendered?accept=image/png")

        assert open_image(by_header).format == open_image(by_query).format == "PNG"

    def test_window_viewport_and_quality(self, client, series):
        url = instance_url(series[0]) + "/rendered?accept=image/png"

        dark = open_image(client.get(url + "&window=100000,10,linear"))
        small = open_image(client.get(url + "&viewport=8,8"))
        cut = open_image(client.get(url + "&viewport=100,100,0,0,16,8"))

        assert dark.getextrema() == (0, 0)
        assert small.size == (8, 8)
        assert cut.size == (100, 50)

    def test_levels_show_their_middle(self, client, series):
        study, per_series, instance = instance_url(series[2]).rsplit("/", 4)[0], "", ""
        per_series = instance_url(series[2]).rsplit("/", 2)[0]
        instance = instance_url(series[2])

        pictures = {client.get(f"{url}/rendered").content for url in (per_series, instance)}
        whole = client.get(f"/studies/{series[0].StudyInstanceUID}/rendered").content

        assert len(pictures | {whole}) == 1
        assert study

    def test_all_instances_in_parts(self, client, series):
        response = client.get(
            f"/studies/{series[0].StudyInstanceUID}/rendered",
            headers={"Accept": 'multipart/related; type="image/jpeg"'},
        )

        parts = read_parts(response.headers["content-type"], response.content)
        assert len(parts) == 5
        assert all(body.startswith(b"\xff\xd8") for _, body in parts)

    def test_frames(self, client, cine):
        url = instance_url(cine)

        second = client.get(url + "/frames/2/rendered").content
        middle = client.get(url + "/rendered").content

        assert second != middle
        assert middle == client.get(url + "/frames/4/rendered").content
        assert client.get(url + "/frames/8/rendered").status_code == 404

    def test_unchanged_is_not_sent_again(self, client, series):
        url = instance_url(series[0]) + "/rendered"
        tag = client.get(url).headers["etag"]

        assert client.get(url, headers={"If-None-Match": tag}).status_code == 304
        assert client.get(url + "?quality=10", headers={"If-None-Match": tag}).status_code == 200

    @pytest.mark.parametrize(
        "query", ["?window=1", "?viewport=a,b", "?quality=900", "?zoom=2", "?window=1,0,linear"]
    )
    def test_what_cannot_be_understood(self, client, series, query):
        assert client.get(instance_url(series[0]) + "/rendered" + query).status_code == 400

    def test_what_we_cannot_send(self, client, series):
        headers = {"Accept": "image/webp"}

        assert client.get(instance_url(series[0]) + "/rendered", headers=headers).status_code == 406

    def test_a_parameter_we_pass_over_is_named(self, client, series):
        response = client.get(instance_url(series[0]) + "/rendered?annotation=patient")

        assert "annotation" in response.headers["warning"]

    def test_wado_uri(self, client, cine):
        query = (
            f"/wado?requestType=WADO&studyUID={cine.StudyInstanceUID}"
            f"&seriesUID={cine.SeriesInstanceUID}&objectUID={cine.SOPInstanceUID}"
        )

        picture = client.get(query + "&frameNumber=2&rows=8&columns=8&contentType=image/png")
        file = client.get(query + "&contentType=application/dicom")

        assert open_image(picture).size == (8, 8)
        assert pydicom.dcmread(io.BytesIO(file.content)).SOPInstanceUID == cine.SOPInstanceUID
        assert client.get(query + "&contentType=text/html").status_code == 406
        assert client.get("/wado?requestType=WADO&studyUID=../x").status_code == 400


class TestThumbnail:
    @pytest.mark.parametrize(
        "name",
        [
            "CT_small.dcm",
            "examples_palette.dcm",
            "examples_ybr_color.dcm",
            "image_dfl.dcm",
            "JPEG2000.dcm",
            "liver_1frame.dcm",
            "MR_small_bigendian.dcm",
            "reportsi.dcm",
            "rtdose.dcm",
            "rtplan.dcm",
            "waveform_ecg.dcm",
        ],
    )
    def test_there_is_always_something_to_show(self, client, store, name):
        dataset = pydicom.dcmread(get_testdata_file(name))
        dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = generate_uid()
        dataset.StudyInstanceUID, dataset.SeriesInstanceUID = generate_uid(), generate_uid()
        assert store(dataset).status_code in (200, 202)
        url = instance_url(dataset)

        for level in (url.rsplit("/", 4)[0], url.rsplit("/", 2)[0], url):
            picture = open_image(client.get(f"{level}/thumbnail"))
            assert max(picture.size) == 192
            assert picture.convert("L").getextrema()[1] > 20

    def test_damaged_pixels_are_a_card(self, client, store):
        image = make_image()
        image.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2.4.90"
        image.PixelData = pydicom.encaps.encapsulate([b"\xff\x4f no codestream"])
        image["PixelData"].is_undefined_length = True
        assert store(image).status_code == 200

        assert open_image(client.get(instance_url(image) + "/thumbnail")).size == (192, 192)
        assert client.get(instance_url(image) + "/rendered").status_code == 400

    def test_one_size_for_all(self, client, series):
        picture = open_image(client.get(instance_url(series[0]) + "/thumbnail?viewport=50,20"))

        assert picture.size == (20, 20)
