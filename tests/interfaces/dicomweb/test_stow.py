"""STOW-RS: what is stored, what is refused, and what is said about each."""

import httpx
import pytest
from pydicom.uid import generate_uid

from tests.interfaces.dicomweb.objects import (
    BOUNDARY,
    STOW_TYPE,
    encode,
    make_image,
    make_series,
    message,
)

REFERENCED, FAILED, OTHER = "00081199", "00081198", "0008119A"


def reasons(response, sequence=FAILED):
    return [item["00081197"]["Value"][0] for item in response.json()[sequence]["Value"]]


class TestStore:
    def test_a_series_is_stored_and_said_so(self, store, client):
        images = make_series(3)

        response = store(*images)

        assert response.status_code == 200, response.text
        assert response.headers["content-type"] == "application/dicom+json"
        items = response.json()[REFERENCED]["Value"]
        assert [item["00081155"]["Value"][0] for item in items] == [
            str(each.SOPInstanceUID) for each in images
        ]
        assert response.json()["00081190"]["Value"][0].endswith(
            f"/dicomweb/studies/{images[0].StudyInstanceUID}"
        )
        retrieved = httpx.get(
            items[0]["00081190"]["Value"][0],
            headers={**client.headers, "Accept": "application/dicom"},
        )
        assert retrieved.content == encode(images[0])

    def test_more_than_one_group(self, store, client):
        images = make_series(70, size=2)

        response = store(*images)

        assert response.status_code == 200
        study = images[0].StudyInstanceUID
        assert len(client.get(f"/studies/{study}/instances").json()) == 70

    def test_the_same_again_is_no_failure(self, store):
        image = make_image()

        assert store(image).status_code == 200
        assert store(image, image).status_code == 200

    def test_other_bytes_under_the_same_uid_are_not_taken(self, store, client):
        image = make_image()
        before = encode(image)
        store(image)
        image.PatientName = "Somebody^Else"

        response = store(image)

        assert response.status_code == 409
        assert reasons(response) == [0x0111]
        url = f"/studies/{image.StudyInstanceUID}"
        stored = client.get(url, headers={"Accept": "application/zip"}).content
        assert before in stored

    def test_the_address_names_the_study(self, store):
        image = make_image()

        wrong = store(image, path=f"/studies/{generate_uid()}")
        right = store(image, path=f"/studies/{image.StudyInstanceUID}")

        assert (wrong.status_code, reasons(wrong)) == (409, [0xA900])
        assert right.status_code == 200

    def test_a_broken_part_costs_the_others_nothing(self, store, client):
        good = make_series(4)
        cut = encode(make_image())[:-100]
        nameless = make_image()
        uid = nameless.SOPInstanceUID.encode()
        evil = encode(nameless).replace(uid, b"../" * (len(uid) // 3) + uid[: len(uid) % 3])
        parts = [encode(good[0]), cut, encode(good[1]), b"no DICOM", encode(good[2]), b""]

        response = store(*parts, evil, encode(good[3]))

        assert response.status_code == 202
        assert len(response.json()[REFERENCED]["Value"]) == 4
        assert reasons(response, OTHER) == [0xC000] * 4
        found = client.get(f"/studies/{good[0].StudyInstanceUID}/instances").json()
        assert len(found) == 4

    def test_a_part_of_another_type_is_refused_alone(self, client):
        image = make_image()
        head = f"--{BOUNDARY}\r\nContent-Type: text/html\r\n\r\n<b>\r\n".encode()

        response = client.post(
            "/studies",
            content=head + message([encode(image)])[2:],
            headers={"Content-Type": STOW_TYPE},
        )

        assert response.status_code == 202
        assert len(response.json()[REFERENCED]["Value"]) == 1


class TestRefused:
    @pytest.mark.parametrize(
        ("content_type", "body", "status"),
        [
            ("application/json", b"{}", 415),
            ("application/dicom", b"DICM", 415),
            ("multipart/form-data; boundary=x", b"--x--", 415),
            ('multipart/related; type="application/dicom+json"; boundary=x', b"--x--", 415),
            ('multipart/related; type="application/dicom"', b"", 400),
            (f'multipart/related; type="application/dicom"; boundary={"x" * 80}', b"", 400),
            (STOW_TYPE, b"", 400),
            (STOW_TYPE, b"no boundary anywhere", 400),
            (STOW_TYPE, message([b"no DICOM"]), 400),
            (STOW_TYPE, message([])[2:], 400),
            (STOW_TYPE, f"--{BOUNDARY}\r\nx: {'y' * 40_000}\r\n\r\n".encode(), 400),
            ("", b"", 415),
        ],
    )
    def test_what_is_no_message(self, client, content_type, body, status):
        response = client.post("/studies", content=body, headers={"Content-Type": content_type})

        assert response.status_code == status

    def test_a_message_that_is_cut_keeps_what_came_whole(self, client):
        image = make_image()
        body = message([encode(image), encode(make_image())])[:-300]

        response = client.post("/studies", content=body, headers={"Content-Type": STOW_TYPE})

        assert response.status_code == 202
        assert len(response.json()[REFERENCED]["Value"]) == 1

    def test_an_answer_we_cannot_give(self, client):
        headers = {"Content-Type": STOW_TYPE, "Accept": "text/html"}

        assert client.post("/studies", content=b"", headers=headers).status_code in (406, 415)

    def test_nobody_and_those_who_may_not(self, served):
        body, headers = message([encode(make_image())]), {"Content-Type": STOW_TYPE}
        url = f"{served.url}/dicomweb/studies"

        nobody = httpx.post(url, content=body, headers=headers)
        assert nobody.status_code == 401
        assert nobody.headers["www-authenticate"] == "Bearer"
        with served.client("nurse") as nurse:
            refused = nurse.post("/dicomweb/studies", content=body, headers=headers)
        assert refused.status_code == 403
