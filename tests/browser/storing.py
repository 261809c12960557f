"""Objects of the sample, stored through STOW-RS."""

import io
from collections.abc import Sequence

import httpx
from pydicom.dataset import Dataset


def store(client: httpx.Client, instances: Sequence[Dataset]) -> str:
    """STOW them; the study's UID."""
    boundary = "instance"
    body = io.BytesIO()
    for instance in instances:
        body.write(f"--{boundary}\r\nContent-Type: application/dicom\r\n\r\n".encode())
        instance.save_as(body, enforce_file_format=True)
        body.write(b"\r\n")
    body.write(f"--{boundary}--\r\n".encode())
    kind = f'multipart/related; type="application/dicom"; boundary={boundary}'
    answer = client.post(
        "/dicomweb/studies", content=body.getvalue(), headers={"Content-Type": kind}
    )
    assert answer.status_code == 200, answer.text
    return str(instances[0].StudyInstanceUID)
