"""The diagnostic viewer on every kind of object, offline and under our policy."""

import urllib.parse
from collections.abc import Callable, Iterator
from datetime import date, datetime

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.browser.pixels import wait_for_colour, wait_for_images
from tests.browser.signing_in import sign_in
from tests.browser.storing import store
from tests.running import RunningVesalius
from vesalius.sample.objects import Exam, Subject
from vesalius.sample.pictures import make

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("viewer")]

ISSUER_OF_NOBODY = "Another Hospital"

# Kind, picture of the sample, canvases that must show an image.
KINDS = [
    ("CT", "head ct, atrophy"),
    ("MR", "brain mr, few plaques"),
    ("CR", "chest film, pneumonia"),
    ("US", "echo, hypokinetic septum"),
    ("XA", "angiogram, lad stenosis"),
    ("ECG", "ecg, anterior scar"),
]


def subject(mrn: str) -> Subject:
    return Subject(mrn, "Bauer^Ida", date(1955, 6, 1), "F")


def exam(key: str, modality: str) -> Exam:
    return Exam(
        key=key,
        modality=modality,
        description=key,
        body_part="CHEST",
        started=datetime(2026, 5, 4, 10, 30),
        station=f"{modality}1",
        accession_number="",
    )


@pytest.fixture(scope="module")
def archive(clinic: RunningVesalius) -> Iterator[httpx.Client]:
    """The clinic with one patient in it."""
    with clinic.client("radiologist") as client:
        patient = {
            "name": [{"family": "Bauer", "given": ["Ida"]}],
            "birthDate": "1955-06-01",
            "gender": "female",
            "identifier": [{"value": "V-1"}],
        }
        assert client.post("/api/patients", json=patient).status_code == 201
        yield client


@pytest.fixture
def viewer(clinic: RunningVesalius, archive: httpx.Client, open_page: Callable[..., Page]) -> Page:
    """A page that is signed in as a radiologist."""
    page = open_page(clinic.url)
    sign_in(clinic, page, "radiologist")
    return page


def look(page: Page, study: str, **more: str) -> None:
    page.goto("/viewer/viewer?" + urllib.parse.urlencode({"StudyInstanceUIDs": study, **more}))


@pytest.mark.parametrize(("modality", "picture"), KINDS, ids=[kind for kind, _ in KINDS])
def test_shows_pixels(viewer: Page, archive: httpx.Client, modality: str, picture: str) -> None:
    study = store(
        archive, list(make(picture, subject("V-1"), exam(f"viewer {modality}", modality)))
    )
    look(viewer, study)
    wait_for_images(viewer)
    assert viewer.evaluate("window.crossOriginIsolated") is True


def test_reformats_in_three_planes(viewer: Page, archive: httpx.Client) -> None:
    study = store(archive, list(make("head ct, atrophy", subject("V-1"), exam("viewer MPR", "CT"))))
    look(viewer, study, hangingprotocolId="mpr")
    wait_for_images(viewer, 3)


def test_opens_segmentation_and_report(viewer: Page, archive: httpx.Client) -> None:
    instances = list(make("chest ct, nodule of 10 mm", subject("V-1"), exam("viewer SEG", "CT")))
    look(viewer, store(archive, instances))
    wait_for_images(viewer)
    viewer.get_by_text("Segmentation Nodule 1").first.dblclick()
    # Not loaded onto the images unless asked to.
    viewer.get_by_text("LOAD", exact=True).first.click(timeout=60_000)
    wait_for_colour(viewer)
    viewer.get_by_text("Measurements").first.dblclick()
    expect(viewer.get_by_text("mm", exact=False).first).to_be_visible(timeout=60_000)


def test_opens_document(viewer: Page, archive: httpx.Client) -> None:
    study = store(archive, list(make("letter", subject("V-1"), exam("viewer PDF", "DOC"))))
    look(viewer, study)
    expect(viewer.locator("iframe[src^='blob:']")).to_be_visible(timeout=60_000)


def test_priors_are_the_same_patient_only(viewer: Page, archive: httpx.Client) -> None:
    """Somebody else's studies under the same PatientID from another assigner stay away."""
    old = list(make("chest film, normal", subject("V-1"), exam("prior of the patient", "CR")))
    store(archive, old)
    strangers = list(
        make("chest film, effusion", subject("V-1"), exam("study of a stranger", "CR"))
    )
    for instance in strangers:
        instance.IssuerOfPatientID = ISSUER_OF_NOBODY
        instance.PatientName = "Stranger^Simon"
    store(archive, strangers)
    study = store(
        archive, list(make("chest film, pneumonia", subject("V-1"), exam("film of today", "CR")))
    )
    look(viewer, study)
    wait_for_images(viewer)
    expect(viewer.get_by_text("prior of the patient").first).to_be_visible()
    expect(viewer.get_by_text("study of a stranger")).to_have_count(0)
