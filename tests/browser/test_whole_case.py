"""A radiology case from the first start to the signed report, by keyboard and mouse."""

import os
import re
import subprocess
import sys
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.accessibility import assert_accessible
from tests.browser.picturing import keep_screenshot
from tests.browser.pixels import wait_for_images
from tests.running import RunningVesalius

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("whole case")]

USERNAME = "vesal"
PASSWORD = "correct horse battery staple"
FINDINGS = "Solid nodule of 9 mm in the right upper lobe, 6 mm six months ago. No effusion."
IMPRESSION = "Growing nodule of the right upper lobe."


def test_whole_case(clinic: RunningVesalius, open_page: Callable[..., Page]) -> None:
    page = open_page(clinic.url)
    set_up(clinic, page)
    register_patient(page)
    find_patient(page)
    accession_number = order_ct(page)

    reading = open_page(clinic.url, beside=page)
    reading.goto("/reading")
    expect(reading.get_by_text("Nothing to read")).to_be_visible()
    simulate_modality(clinic)
    study = study_appears_by_itself(reading, accession_number)

    claim_and_open(reading)
    wait_for_images(viewer_of(reading))
    write_report(reading, study)
    keep_screenshot(reading, "reading")
    sign(reading)
    assert_pdf(reading, study)

    chart_shows_it(page, study)
    who_looked_shows_it(page)


def set_up(clinic: RunningVesalius, page: Page) -> None:
    """The link that the server printed makes the first administrator, and works once."""
    link = re.search(r"http\S+/setup\?token=\S+", clinic.log_path.read_text())
    assert link is not None, clinic.log_tail()
    page.goto(link[0])
    page.get_by_label("User name").fill(USERNAME)
    page.get_by_label("Name shown to others").fill("Dr Andrea Vesal")
    for field in page.locator("input[autocomplete=new-password]").all():
        field.fill(PASSWORD)
    for role in ("Radiologist", "Physician", "Technologist"):
        page.get_by_label(role).check()
    assert_accessible(page)
    page.get_by_role("button", name="Create administrator").click()
    expect(page).to_have_url(re.compile("/reading"))
    answer = page.request.post(
        "/api/setup", data={"token": "x", "username": "x", "display": "x", "password": PASSWORD}
    )
    assert answer.status in (403, 409)


def register_patient(page: Page) -> None:
    """At the front desk."""
    # Keys pressed while the page still loads are nobody's.
    expect(page.get_by_role("heading", name="Reading list")).to_be_visible()
    page.keyboard.press("g")
    page.keyboard.press("p")
    expect(page).to_have_url(re.compile("/patients"))
    page.get_by_role("button", name="Register patient").first.click()
    page.get_by_label("Family name").fill("Šarić")
    page.get_by_label("Given names").fill("Ana Marija")
    page.get_by_role("dialog").get_by_label("Born").fill("1961-03-14")
    page.get_by_role("dialog").get_by_label("Sex").first.click()
    page.get_by_role("option", name="female", exact=True).click()
    page.get_by_role("dialog").get_by_role("button", name="Register patient").click()
    expect(page.get_by_role("region", name="Patient")).to_contain_text("Šarić")


def find_patient(page: Page) -> None:
    """From anywhere, without the mouse, without the accents."""
    page.goto("/nodes")
    expect(page.get_by_role("heading", name="Nodes", exact=True)).to_be_visible()
    page.keyboard.press("/")
    page.keyboard.type("saric ana")
    expect(page.get_by_role("option").first).to_contain_text("Šarić")
    page.keyboard.press("Enter")
    banner = page.get_by_role("region", name="Patient")
    expect(banner).to_contain_text("65 y")
    expect(banner).to_contain_text("female")
    expect(page.get_by_text("No images yet")).to_be_visible()


def order_ct(page: Page) -> str:
    """The order form, by keyboard; returns the accession number."""
    page.keyboard.press("o")
    procedure = page.get_by_role("textbox", name="Procedure")
    expect(procedure).to_be_focused()
    page.keyboard.type("CT chest with")
    page.keyboard.press("Enter")
    page.get_by_label("Indication").fill("Nodule of 6 mm six months ago: has it grown?")
    page.get_by_role("group", name="Priority").get_by_text("STAT").click()
    assert_accessible(page)
    keep_screenshot(page, "order")
    page.keyboard.press("Control+Enter")
    row = page.get_by_role("row").filter(has_text="CT chest with contrast")
    expect(row).to_contain_text("STAT")
    number = row.get_by_role("cell").nth(3).inner_text()
    assert number.startswith("V")
    return number


def simulate_modality(clinic: RunningVesalius) -> None:
    """Another program: asks the worklist, says what it does, and stores images, over DICOM."""
    subprocess.run(
        [
            sys.executable,
            "-m",
            "vesalius",
            "simulate",
            "modality",
            "--modality",
            "CT",
            "--slices",
            "40",
        ],
        env={**os.environ, **clinic.settings.environment()},
        check=True,
        timeout=180,
    )


def study_appears_by_itself(reading: Page, accession_number: str) -> str:
    """Nobody reloads the reading list."""
    row = reading.get_by_role("row").filter(has_text=accession_number)
    expect(row).to_contain_text("Šarić", timeout=60_000)
    expect(row).to_contain_text("STAT")
    expect(row.get_by_role("cell").nth(7)).to_have_text("40", timeout=60_000)
    assert_accessible(reading)
    study = row.get_attribute("data-study")
    assert study is not None
    return study


def claim_and_open(reading: Page) -> None:
    reading.keyboard.press("j")
    reading.keyboard.press("Enter")
    expect(reading).to_have_url(re.compile("/read/"))
    expect(reading.get_by_role("button", name="Release")).to_be_visible()


def viewer_of(page: Page):  # type: ignore[no-untyped-def]
    frame = page.wait_for_selector("iframe").content_frame()
    assert frame is not None
    return frame


def write_report(reading: Page, study: str) -> None:
    """Macros are written out; what was typed survives a reload, saved or not."""
    expect(reading.get_by_label("Clinical information")).to_have_value(re.compile("has it grown"))
    reading.keyboard.press("Alt+r")
    findings = reading.get_by_label("Findings")
    expect(findings).to_be_focused()
    reading.keyboard.type(FINDINGS)
    technique = reading.get_by_label("Technique")
    technique.press("End")
    reading.keyboard.type(". .contrast ")
    expect(technique).to_have_value(re.compile(r"^CT chest with contrast\. [^.].{10,}"))
    reading.get_by_label("Impression").fill(IMPRESSION)
    reading.reload()
    expect(reading.get_by_label("Impression")).to_have_value(IMPRESSION)
    reading.get_by_label("Follow-up").fill("CT chest in 3 months")
    expect(reading.locator("[data-saving=saved]")).to_contain_text("Draft saved")
    draft = reading.request.get(f"/api/studies/{study}/report").json()
    assert draft["status"] == "draft"
    assert draft["conclusion"] == IMPRESSION
    wait_for_images(viewer_of(reading))
    assert_accessible(reading, without=("iframe",))


def sign(reading: Page) -> None:
    """With the password once more; a wrong one is refused."""
    reading.keyboard.press("Alt+s")
    dialog = reading.get_by_role("dialog")
    dialog.get_by_label("Password").fill("not the password")
    dialog.get_by_role("button", name="Sign", exact=True).click()
    expect(dialog.get_by_text("is not right")).to_be_visible()
    dialog.get_by_label("Password").fill(PASSWORD)
    dialog.get_by_role("button", name="Sign", exact=True).click()
    expect(reading.get_by_text("Final report")).to_be_visible()
    expect(reading.get_by_text("Signed by Dr Andrea Vesal")).to_be_visible()


def assert_pdf(reading: Page, study: str) -> None:
    answer = reading.request.get(f"/api/studies/{study}/report.pdf")
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.body().startswith(b"%PDF-")


def chart_shows_it(page: Page, study: str) -> None:
    """Images and report stand in the chart; the images open the study."""
    banner = page.get_by_role("region", name="Patient")
    page.keyboard.press("1")
    thumbnail = page.locator(f'a[href="/read/{study}"] img')
    expect(thumbnail).to_be_visible(timeout=60_000)
    page.wait_for_function("image => image.naturalWidth > 0", arg=thumbnail.element_handle())
    keep_screenshot(page, "chart")
    assert_accessible(page)
    page.keyboard.press("2")
    expect(page.get_by_role("row").filter(has_text="Reports")).to_contain_text(IMPRESSION)
    expect(banner).to_contain_text("Šarić")
    assert_accessible(page)
    page.get_by_role("row").filter(has_text="Images").click()
    expect(page).to_have_url(re.compile(f"/read/{study}"))
    page.go_back()


def who_looked_shows_it(page: Page) -> None:
    page.keyboard.press("5")
    expect(page.get_by_role("row").filter(has_text=USERNAME).first).to_be_visible()
