"""A signed-in client of a running house's DICOMweb door."""

from collections.abc import Callable, Iterator

import httpx
import pydicom
import pytest

from tests.interfaces.dicomweb.objects import STOW_TYPE, encode, message
from tests.running import RunningVesalius

Store = Callable[..., httpx.Response]


@pytest.fixture(scope="session")
def client(served: RunningVesalius) -> Iterator[httpx.Client]:
    """A radiologist at /dicomweb."""
    headers = {"Authorization": f"Bearer {served.token('radiologist')}"}
    with httpx.Client(base_url=f"{served.url}/dicomweb", headers=headers, timeout=60) as opened:
        yield opened


@pytest.fixture(scope="session")
def store(client: httpx.Client) -> Store:
    """Store data sets or files by STOW-RS."""

    def post(*objects: pydicom.Dataset | bytes, path: str = "/studies") -> httpx.Response:
        parts = [each if isinstance(each, bytes) else encode(each) for each in objects]
        return client.post(path, content=message(parts), headers={"Content-Type": STOW_TYPE})

    return post
