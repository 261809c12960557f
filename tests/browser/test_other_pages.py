"""The pages beside reading: unmatched studies, nodes, the keys, and French."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime

import pytest
from playwright.sync_api import Page, expect
from pynetdicom import AE, evt
from pynetdicom.sop_class import Verification

from tests.browser.accessibility import assert_accessible
from tests.browser.picturing import keep_screenshot
from tests.browser.signing_in import sign_in
from tests.browser.storing import store
from tests.running import RunningVesalius, free_port
from vesalius.sample.objects import Exam, Subject
from vesalius.sample.pictures import make

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("other pages")]

PATIENT = {
    "name": [{"family": "Bauer", "given": ["Ida"]}],
    "birthDate": "1955-06-01",
    "gender": "female",
    "identifier": [{"value": "V-1"}],
}


def test_attaches_an_unmatched_study_and_takes_it_back(
    clinic: RunningVesalius, open_page: Callable[..., Page]
) -> None:
    with clinic.client("technologist") as client:
        assert client.post("/api/patients", json=PATIENT).status_code == 201
        exam = Exam(
            key="stray film",
            modality="CR",
            description="Chest PA",
            body_part="CHEST",
            started=datetime(2026, 5, 4, 10, 30),
            station="CR1",
            accession_number="",
        )
        # The number has two digits too many: a technologist's slip.
        somebody = Subject("V-111", "Bauer^Ida", date(1955, 6, 1), "F")
        study = store(client, list(make("chest film, pneumonia", somebody, exam)))

    page = open_page(clinic.url)
    sign_in(clinic, page, "technologist")
    page.goto("/unmatched")
    waiting = page.locator(f'[data-study="{study}"]')
    expect(waiting).to_contain_text("No patient has this identifier")
    expect(waiting).to_contain_text("identifier differs")
    assert_accessible(page)
    keep_screenshot(page, "unmatched")
    waiting.get_by_role("button", name="Attach to Bauer").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("V-111")
    assert_accessible(page)
    dialog.get_by_label("Why do you know?").fill("Called the ward")
    dialog.get_by_role("button", name="Attach", exact=True).click()
    expect(waiting).to_have_count(0)

    page.get_by_role("button", name="Undo").click()
    expect(waiting).to_be_visible()


@contextmanager
def listening(ae_title: str) -> Iterator[int]:
    """Somebody else's DICOM node; its port."""
    entity = AE(ae_title)
    entity.add_supported_context(Verification)
    port = free_port()
    server = entity.start_server(
        ("127.0.0.1", port), block=False, evt_handlers=[(evt.EVT_C_ECHO, lambda event: 0x0000)]
    )
    try:
        yield port
    finally:
        server.shutdown()


def test_admits_a_refused_node_and_echoes_it(
    clinic: RunningVesalius, open_page: Callable[..., Page]
) -> None:
    stranger = AE("NEWSCANNER")
    stranger.add_requested_context(Verification)
    assert not stranger.associate(
        "127.0.0.1", clinic.dicom_port, ae_title=clinic.ae_title
    ).is_established

    page = open_page(clinic.url)
    sign_in(clinic, page, "administrator")
    page.goto("/nodes")
    refused = page.locator('[data-refused="NEWSCANNER"]')
    expect(refused).to_be_visible()
    with listening("NEWSCANNER") as port:
        refused.get_by_role("button", name="Admit").click()
        dialog = page.get_by_role("dialog")
        expect(dialog.get_by_label("AE title")).to_have_value("NEWSCANNER")
        dialog.get_by_label("Port").fill(str(port))
        dialog.get_by_role("button", name="Admit").click()
        row = page.locator('[data-node="NEWSCANNER"]')
        row.get_by_role("button", name="Echo").click()
        expect(row).to_contain_text(re.compile(r"answered in \d+ ms"))
        assert_accessible(page)
    association = stranger.associate("127.0.0.1", clinic.dicom_port, ae_title=clinic.ae_title)
    assert association.is_established
    assert association.send_c_echo().Status == 0
    association.release()


def test_speaks_french(clinic: RunningVesalius, open_page: Callable[..., Page]) -> None:
    page = open_page(clinic.url, language="fr-FR")
    page.goto("/sign-in")
    expect(page.get_by_role("button", name="Se connecter")).to_be_visible()
    sign_in(clinic, page, "radiologist", language="fr")
    page.goto("/reading")
    expect(page.get_by_role("heading", name="Liste de lecture")).to_be_visible()
    assert page.evaluate("document.documentElement.lang") == "fr"
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_contain_text("Aller aux patients")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_sends_strangers_to_the_door_and_back(
    clinic: RunningVesalius, open_page: Callable[..., Page]
) -> None:
    """What was asked for before signing in is opened after it."""
    page = open_page(clinic.url)
    sign_in(clinic, page, "physician")
    page.context.clear_cookies()
    page.goto("/patients?q=nobody")
    expect(page).to_have_url(re.compile("/sign-in"))
    page.get_by_label("User name").fill("physician")
    page.get_by_label("Password").fill("wrong")
    page.keyboard.press("Enter")
    expect(page.get_by_text("is not right")).to_be_visible()
    page.get_by_label("Password").fill("correct horse battery staple")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"/patients\?q=nobody"))
    expect(page.get_by_text("No patient fits")).to_be_visible()
