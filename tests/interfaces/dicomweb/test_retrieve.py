"""WADO-RS: instances, metadata, frames and bulk data, in each form."""

import io
import zipfile

import numpy as np
import pydicom
import pytest
from pydicom.data import get_testdata_file
from pydicom.uid import generate_uid

from tests.interfaces.dicomweb.objects import encode, make_image, make_series, read_parts

JPEG = "1.2.840.10008.1.2.4.50"


def url_of(dataset, *, level="instance") -> str:
    url = f"/studies/{dataset.StudyInstanceUID}"
    if level == "study":
        return url
    url += f"/series/{dataset.SeriesInstanceUID}"
    return url if level == "series" else f"{url}/instances/{dataset.SOPInstanceUID}"


def real(name: str) -> pydicom.Dataset:
    """One of pydicom's files under UIDs of its own."""
    dataset = pydicom.dcmread(get_testdata_file(name))
    dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID = generate_uid(), generate_uid()
    return dataset


@pytest.fixture(scope="module")
def series(store):
    images = make_series(3)
    assert store(*images).status_code == 200
    return images


@pytest.fixture(scope="module")
def jpeg(store):
    image = real("SC_rgb_jpeg_dcmtk.dcm")
    assert store(image).status_code in (200, 202)
    return image


@pytest.fixture(scope="module")
def cine(store):
    image = make_image(frames=9)
    assert store(image).status_code == 200
    return image


@pytest.fixture(scope="module")
def document(store):
    image = make_image(EncapsulatedDocument=bytes(range(256)) * 32)
    assert store(image).status_code == 200
    return image


class TestInstances:
    def test_a_study_in_parts(self, client, series):
        response = client.get(url_of(series[0], level="study"))

        parts = read_parts(response.headers["content-type"], response.content)
        assert [body for _, body in parts] == [encode(each) for each in series]
        assert int(response.headers["content-length"]) == len(response.content)
        assert parts[0][0]["content-type"] == (
            "application/dicom; transfer-syntax=1.2.840.10008.1.2.1"
        )
        assert parts[0][0]["content-location"].endswith(url_of(series[0]))

    def test_a_study_zipped(self, client, series):
        response = client.get(
            url_of(series[0], level="study"), headers={"Accept": "application/zip"}
        )

        with zipfile.ZipFile(io.BytesIO(response.content)) as archive:
            bodies = {archive.read(name) for name in archive.namelist()}
        assert bodies == {encode(each) for each in series}

    def test_one_alone(self, client, series):
        response = client.get(url_of(series[1]), headers={"Accept": "application/dicom"})

        assert response.content == encode(series[1])
        assert int(response.headers["content-length"]) == len(response.content)

    def test_explicit_little_endian_when_no_syntax_is_named(self, client, jpeg):
        response = client.get(url_of(jpeg), headers={"Accept": "application/dicom"})

        dataset = pydicom.dcmread(io.BytesIO(response.content))
        assert dataset.file_meta.TransferSyntaxUID == "1.2.840.10008.1.2.1"
        assert dataset.PhotometricInterpretation == "RGB"
        assert len(dataset.PixelData) == jpeg.Rows * jpeg.Columns * 3
        assert dataset.LossyImageCompression == "01"

    def test_as_stored_when_any_will_do(self, client, jpeg):
        for accept in (
            "application/dicom; transfer-syntax=*",
            f"application/dicom; transfer-syntax={JPEG}",
        ):
            response = client.get(url_of(jpeg), headers={"Accept": accept})
            assert response.content == encode(jpeg)

    @pytest.mark.parametrize(
        ("accept", "status"),
        [
            ("application/dicom; transfer-syntax=1.2.840.10008.1.2.4.90", 406),
            ("text/html", 406),
            ("nonsense", 400),
            ("application/dicom;q=7", 400),
            ("x" * 10_000, 400),
        ],
    )
    def test_what_we_cannot_send(self, client, jpeg, accept, status):
        assert client.get(url_of(jpeg), headers={"Accept": accept}).status_code == status

    @pytest.mark.parametrize("level", ["study", "series", "instance"])
    @pytest.mark.parametrize("below", ["", "/metadata", "/rendered", "/thumbnail"])
    def test_what_is_not_there(self, client, level, below):
        assert client.get(url_of(make_image(), level=level) + below).status_code == 404

    def test_an_instance_of_another_study_is_not_there(self, client, series, jpeg):
        url = url_of(series[0]).replace(series[0].StudyInstanceUID, jpeg.StudyInstanceUID)

        for below in ("", "/metadata", "/frames/1", "/rendered", "/bulkdata/7FE00010"):
            assert client.get(url + below).status_code == 404


class TestMetadata:
    @pytest.mark.parametrize(("level", "count"), [("study", 3), ("series", 3), ("instance", 1)])
    def test_gzip_or_not(self, client, series, level, count):
        url = url_of(series[0], level=level) + "/metadata"

        zipped = client.get(url, headers={"Accept-Encoding": "gzip"})
        plain = client.get(url, headers={"Accept-Encoding": "identity"})

        assert zipped.headers["content-encoding"] == "gzip"
        assert "content-encoding" not in plain.headers
        assert zipped.json() == plain.json()
        assert len(plain.json()) == count
        assert plain.headers["content-type"] == "application/dicom+json"

    def test_unchanged_is_not_sent_again(self, client, store):
        images = make_series(2)
        store(images[0])
        url = url_of(images[0], level="series") + "/metadata"
        tag = client.get(url).headers["etag"]

        again = client.get(url, headers={"If-None-Match": tag})
        store(images[1])
        changed = client.get(url, headers={"If-None-Match": tag})

        assert (again.status_code, again.content) == (304, b"")
        assert changed.status_code == 200
        assert len(changed.json()) == 2

    def test_bulk_data_is_where_it_says(self, client, served, store):
        image = make_image(EncapsulatedDocument=b"%PDF-1.4 " + bytes(6000))
        image.MIMETypeOfEncapsulatedDocument = "application/pdf"
        store(image)
        [metadata] = client.get(url_of(image) + "/metadata").json()

        uri = metadata["00420011"]["BulkDataURI"]
        response = client.get(served.url + uri)

        assert response.content.rstrip(b"\0") == image.EncapsulatedDocument.rstrip(b"\0")
        assert response.headers["content-type"] == "application/pdf"


class TestFrames:
    def test_a_list_in_the_order_asked(self, client, cine):
        response = client.get(url_of(cine) + "/frames/9,1,4")

        parts = read_parts(response.headers["content-type"], response.content)
        frames = cine.pixel_array
        assert [body for _, body in parts] == [frames[n - 1].tobytes() for n in (9, 1, 4)]
        assert parts[0][0]["content-location"].endswith("/frames/9")

    def test_as_the_viewer_asks(self, client, cine):
        accept = 'multipart/related; type="application/octet-stream"; transfer-syntax=*'

        response = client.get(url_of(cine) + "/frames/2", headers={"Accept": accept})

        [(headers, body)] = read_parts(response.headers["content-type"], response.content)
        assert body == cine.pixel_array[1].tobytes()
        assert headers["content-type"] == (
            "application/octet-stream; transfer-syntax=1.2.840.10008.1.2.1"
        )

    def test_one_alone(self, client, cine, jpeg):
        native = client.get(
            url_of(cine) + "/frames/3", headers={"Accept": "application/octet-stream"}
        )
        coded = client.get(url_of(jpeg) + "/frames/1", headers={"Accept": "image/jpeg"})
        decoded = client.get(
            url_of(jpeg) + "/frames/1", headers={"Accept": "application/octet-stream"}
        )

        assert native.content == cine.pixel_array[2].tobytes()
        assert coded.content.startswith(b"\xff\xd8")
        assert coded.headers["content-type"] == f"image/jpeg; transfer-syntax={JPEG}"
        assert len(decoded.content) == jpeg.Rows * jpeg.Columns * 3

    def test_sixteen_bits(self, client, series):
        response = client.get(
            url_of(series[0]) + "/frames/1", headers={"Accept": "application/octet-stream"}
        )

        np.testing.assert_array_equal(
            np.frombuffer(response.content, "<u2").reshape(16, 16), series[0].pixel_array
        )

    @pytest.mark.parametrize(
        ("frames", "status"),
        [("0", 400), ("a", 400), ("1,", 400), ("-1", 400), ("1;2", 400), ("10", 404), ("1,10", 404),
         ("1" * 30, 400)],
    )  # fmt: skip
    def test_frames_that_are_not(self, client, cine, frames, status):
        assert client.get(f"{url_of(cine)}/frames/{frames}").status_code == status

    def test_an_object_without_frames(self, client, store):
        report = real("reportsi.dcm")
        store(report)

        assert client.get(url_of(report) + "/frames/1").status_code == 404

    @pytest.mark.parametrize(
        ("accept", "frames"),
        [("image/jp2", "1"), ("text/html", "1"), ("application/octet-stream", "1,2")],
    )
    def test_what_we_cannot_send(self, client, cine, accept, frames):
        response = client.get(f"{url_of(cine)}/frames/{frames}", headers={"Accept": accept})

        assert response.status_code == 406


class TestBulkData:
    @pytest.mark.parametrize(
        ("asked", "status", "span"),
        [
            (None, 200, slice(0, 8192)),
            ("bytes=0-9", 206, slice(0, 10)),
            ("bytes=8000-", 206, slice(8000, 8192)),
            ("bytes=-100", 206, slice(8092, 8192)),
            ("bytes=8000-99999", 206, slice(8000, 8192)),
            ("bytes=0-8191", 206, slice(0, 8192)),
            ("lines=1-2", 200, slice(0, 8192)),
            ("bytes=0-1,5-6", 200, slice(0, 8192)),
            ("bytes=9-3", 200, slice(0, 8192)),
        ],
    )
    def test_ranges(self, client, document, asked, status, span):
        headers = {} if asked is None else {"Range": asked}

        response = client.get(url_of(document) + "/bulkdata/00420011", headers=headers)

        assert response.status_code == status
        assert response.content == document.EncapsulatedDocument[span]
        if status == 206:
            assert response.headers["content-range"] == f"bytes {span.start}-{span.stop - 1}/8192"

    @pytest.mark.parametrize("asked", ["bytes=8192-", "bytes=-0"])
    def test_a_range_outside(self, client, document, asked):
        response = client.get(url_of(document) + "/bulkdata/00420011", headers={"Range": asked})

        assert response.status_code == 416
        assert response.headers["content-range"] == "bytes */8192"

    def test_in_a_part(self, client, document):
        accept = 'multipart/related; type="application/octet-stream"'

        response = client.get(url_of(document) + "/bulkdata/00420011", headers={"Accept": accept})

        [(_headers, body)] = read_parts(response.headers["content-type"], response.content)
        assert body == document.EncapsulatedDocument

    def test_pixel_data(self, client, document):
        for below in ("/bulkdata/7FE00010", "/pixeldata"):
            assert client.get(url_of(document) + below).content == document.PixelData

    def test_a_document_that_could_be_a_script_is_not_shown_as_one(self, client, store):
        image = make_image(EncapsulatedDocument=b"<script>" + bytes(8000))
        image.MIMETypeOfEncapsulatedDocument = "text/html"
        store(image)

        response = client.get(url_of(image) + "/bulkdata/00420011", headers={"Accept": "*/*"})

        assert response.headers["content-type"] == "application/octet-stream"
        assert response.headers["x-content-type-options"] == "nosniff"

    @pytest.mark.parametrize(
        ("path", "status"),
        [("00420012", 404), ("00100010", 404), ("..%2F..%2Fx", 400), ("0042001", 400),
         ("00420011/0", 400), ("54000100/0/54001010", 404)],
    )  # fmt: skip
    def test_what_is_not_there(self, client, document, path, status):
        assert client.get(f"{url_of(document)}/bulkdata/{path}").status_code == status


class TestDamage:
    @pytest.mark.parametrize("warm", [False, True])
    def test_wrong_bytes_never_leave(self, client, served, store, warm):
        image = make_image(size=64, EncapsulatedDocument=bytes(8000))
        store(image)
        urls = [
            url_of(image),
            url_of(image, level="study"),
            url_of(image) + "/frames/1",
            url_of(image) + "/rendered?quality=77",
            url_of(image) + "/pixeldata",
            url_of(image) + "/bulkdata/00420011",
        ]
        if warm:
            for url in (urls[0], urls[2]):
                assert client.get(url).status_code == 200
        _flip_a_pixel(served, image)

        answers = [client.get(url) for url in urls]

        assert [answer.status_code for answer in answers] == [503] * 6
        assert {answer.json()["error"] for answer in answers} == {"unavailable"}
        assert client.get(url_of(image) + "/metadata").status_code == 200


def _flip_a_pixel(served, image) -> None:
    async def blob_key(house):
        async with house.database.reading() as tx:
            return await tx.fetch_value(
                "SELECT blob_key FROM instance WHERE sop_instance_uid = %s",
                (str(image.SOPInstanceUID),),
            )

    path = served.settings.data_directory / "blobs" / served.run(blob_key)
    body = bytearray(path.read_bytes())
    body[-100] ^= 1
    path.write_bytes(body)
