"""The same blobs in an object store that speaks S3 (moto's server, started here)."""

import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest
from moto.server import ThreadedMotoServer

from vesalius.kit.blobs import Blobs
from vesalius.kit.errors import NotFound, Unavailable


@pytest.fixture(scope="module")
def s3() -> Iterator[ThreadedMotoServer]:
    server = ThreadedMotoServer(port=0)
    server.start()
    host, port = server.get_host_and_port()
    endpoint = f"http://{host.replace('0.0.0.0', '127.0.0.1')}:{port}"
    variables = {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ALLOW_HTTP": "true",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": "us-east-1",
    }
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    httpx.put(f"{endpoint}/images", headers={"Authorization": "AWS test:test"})
    yield server
    server.stop()
    for name, value in before.items():
        if value is None:
            del os.environ[name]
        else:
            os.environ[name] = value


@pytest.fixture
async def blobs(tmp_path: Path, s3: ThreadedMotoServer) -> AsyncIterator[Blobs]:
    store = Blobs(tmp_path, url="s3://images", free_disk_fraction=0.0)
    store.prepare("instances")
    yield store
    await store.close()


async def test_round_trip(blobs: Blobs) -> None:
    writer = await blobs.open_writer()
    writer.write(b"0123456789" * 1000)
    sealed = await writer.seal()
    assert not (blobs.root / sealed.key).exists(), "the local copy is gone"
    assert await blobs.read(sealed.key) == b"0123456789" * 1000
    assert await blobs.read_range(sealed.key, 3, 4) == b"3456"
    assert await blobs.size(sealed.key) == 10_000
    streamed = b"".join([chunk async for chunk in blobs.stream(sealed.key, 9_995)])
    assert streamed == b"56789"
    assert [key async for key, _ in blobs.keys("instances")] == [sealed.key]
    await blobs.delete(sealed.key)
    with pytest.raises(NotFound):
        await blobs.read(sealed.key)


async def test_a_store_that_refuses_acknowledges_nothing(tmp_path: Path, blobs: Blobs) -> None:
    elsewhere = Blobs(tmp_path / "other", url="s3://no-such-bucket", free_disk_fraction=0.0)
    elsewhere.prepare("instances")
    writer = await elsewhere.open_writer()
    writer.write(b"abc")
    with pytest.raises(Unavailable):
        await writer.seal()
