"""dicomweb-client as the peer: stores, searches, retrieves, with its own defaults."""

import io
from collections.abc import Iterator

import numpy as np
import pydicom
import pytest
import requests
from dicomweb_client.api import DICOMwebClient
from PIL import Image
from pydicom.data import get_testdata_file
from pydicom.uid import generate_uid
from tests.interfaces.dicomweb.objects import encode, make_image, make_series
from tests.running import RunningVesalius

pytestmark = pytest.mark.peer


@pytest.fixture(scope="module")
def peer(served: RunningVesalius) -> Iterator[DICOMwebClient]:
    with requests.Session() as session:
        session.headers["Authorization"] = f"Bearer {served.token('radiologist')}"
        yield DICOMwebClient(f"{served.url}/dicomweb", session=session)


@pytest.fixture(scope="module")
def series(peer: DICOMwebClient) -> list[pydicom.Dataset]:
    images = make_series(
        5,
        PatientName="Müller^Zoë",
        PatientID=generate_uid()[-16:],
        SpecificCharacterSet="ISO_IR 192",
    )
    answer = peer.store_instances(images)
    assert len(answer.ReferencedSOPSequence) == 5
    assert "FailedSOPSequence" not in answer
    return images


def test_search(peer, series):
    first = series[0]
    by_patient = {"PatientID": first.PatientID}

    studies = peer.search_for_studies(search_filters=by_patient)
    found_series = peer.search_for_series(search_filters=by_patient)
    instances = peer.search_for_instances(first.StudyInstanceUID, get_remaining=True, limit=2)
    fuzzy = peer.search_for_studies(
        fuzzymatching=True, search_filters={"PatientName": "muller", **by_patient}
    )
    none = peer.search_for_studies(search_filters={"PatientID": "nobody-has-this"})

    assert [each["0020000D"]["Value"][0] for each in studies] == [first.StudyInstanceUID]
    assert pydicom.Dataset.from_json(studies[0]).NumberOfStudyRelatedInstances == 5
    assert [each["0020000E"]["Value"][0] for each in found_series] == [first.SeriesInstanceUID]
    assert {each["00080018"]["Value"][0] for each in instances} == {
        each.SOPInstanceUID for each in series
    }
    assert fuzzy == studies
    assert none == []


def test_metadata(peer, series):
    first = series[0]

    study = peer.retrieve_study_metadata(first.StudyInstanceUID)
    one = peer.retrieve_instance_metadata(
        first.StudyInstanceUID, first.SeriesInstanceUID, first.SOPInstanceUID
    )

    assert len(study) == 5
    dataset = pydicom.Dataset.from_json(
        {tag: value for tag, value in one.items() if "BulkDataURI" not in value}
    )
    assert (dataset.PatientName, dataset.Rows) == (first.PatientName, first.Rows)


def test_instances(peer, series):
    first = series[0]
    uids = first.StudyInstanceUID, first.SeriesInstanceUID, first.SOPInstanceUID

    study = peer.retrieve_study(uids[0])
    retrieved_series = peer.retrieve_series(*uids[:2])
    one = peer.retrieve_instance(*uids)
    streamed = list(peer.iter_study(uids[0]))

    assert {each.SOPInstanceUID for each in study} == {each.SOPInstanceUID for each in series}
    assert len(retrieved_series) == len(streamed) == 5
    assert encode(one) == encode(first)


def test_frames(peer):
    image = make_image(frames=6)
    peer.store_instances([image])
    uids = image.StudyInstanceUID, image.SeriesInstanceUID, image.SOPInstanceUID

    frames = peer.retrieve_instance_frames(*uids, frame_numbers=[1, 6, 3])
    streamed = list(peer.iter_instance_frames(*uids, frame_numbers=[2]))

    expected = image.pixel_array
    for data, number in zip([*frames, *streamed], [1, 6, 3, 2], strict=True):
        np.testing.assert_array_equal(
            np.frombuffer(data, np.uint8).reshape(16, 16), expected[number - 1]
        )


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize(
    ("name", "media_type"),
    [
        ("MR_small_RLE.dcm", "image/dicom-rle"),
        ("JPEG2000.dcm", "image/jp2"),
        ("SC_rgb_jpeg_dcmtk.dcm", "image/jpeg"),
        ("MR_small_jpeg_ls_lossless.dcm", "image/jls"),
    ],
)
def test_compressed_frames_come_compressed_or_decoded(peer, name, media_type):
    image = pydicom.dcmread(get_testdata_file(name))
    image.SOPInstanceUID = image.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    image.StudyInstanceUID, image.SeriesInstanceUID = generate_uid(), generate_uid()
    peer.store_instances([image])
    uids = image.StudyInstanceUID, image.SeriesInstanceUID, image.SOPInstanceUID
    syntax = image.file_meta.TransferSyntaxUID

    stored = peer.retrieve_instance_frames(*uids, [1], media_types=((media_type, syntax),))
    anything = peer.retrieve_instance_frames(*uids, [1])
    decoded = peer.retrieve_instance_frames(*uids, [1], media_types=("application/octet-stream",))

    fragment = next(pydicom.encaps.generate_frames(image.PixelData, number_of_frames=1))
    assert stored[0] == anything[0] == fragment
    assert len(decoded[0]) == image.Rows * image.Columns * image.SamplesPerPixel * (
        image.BitsAllocated // 8
    )


def test_rendered(peer, series):
    first = series[0]
    uids = first.StudyInstanceUID, first.SeriesInstanceUID, first.SOPInstanceUID

    jpeg = peer.retrieve_instance_rendered(*uids, media_types=("image/jpeg",))
    png = peer.retrieve_instance_rendered(
        *uids, media_types=("image/png",), params={"viewport": "8,8"}
    )
    frame = peer.retrieve_instance_frames_rendered(*uids, [1], media_types=("image/jpeg",))

    assert Image.open(io.BytesIO(jpeg)).format == "JPEG"
    assert Image.open(io.BytesIO(png)).size == (8, 8)
    assert Image.open(io.BytesIO(frame)).size == (16, 16)


def test_bulkdata(peer, served):
    image = make_image(EncapsulatedDocument=bytes(range(256)) * 64)
    peer.store_instances([image])
    uids = image.StudyInstanceUID, image.SeriesInstanceUID, image.SOPInstanceUID
    metadata = peer.retrieve_instance_metadata(*uids)
    url = served.url + metadata["00420011"]["BulkDataURI"]

    whole = peer.retrieve_bulkdata(url)
    part = peer.retrieve_bulkdata(url, byte_range=(256, 511))

    assert whole == [image.EncapsulatedDocument]
    assert part == [bytes(range(256))]
