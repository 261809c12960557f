import os
import sys

import pytest

from vesalius.kit import page_cache
from vesalius.kit.page_cache import MOST_BYTES, read_cached

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux can say")


@pytest.fixture
def file(tmp_path):
    """A file of a MiB that was just written: its pages are in memory."""
    path = tmp_path / "blob"
    path.write_bytes(os.urandom(1024 * 1024))
    return path


def test_what_is_in_memory_is_read(file):
    data = read_cached(file, 1000, 500_000)

    if data is None:
        pytest.skip("this file system cannot read without waiting")
    assert data == file.read_bytes()[1000:501_000]


def test_what_the_system_would_have_to_fetch_is_not(file):
    if read_cached(file, 0, 4096) is None:
        pytest.skip("this file system cannot read without waiting")
    descriptor = os.open(file, os.O_RDONLY)
    try:
        os.fsync(descriptor)
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        try:
            os.preadv(descriptor, [bytearray(4096)], 65536, os.RWF_NOWAIT)
        except BlockingIOError:
            pass
        else:
            pytest.skip("this file system keeps its pages")
    finally:
        os.close(descriptor)

    assert read_cached(file, 65536, 500_000) is None
    assert file.read_bytes()
    assert read_cached(file, 65536, 500_000) is not None


@pytest.mark.parametrize(("start", "length"), [(1024 * 1024 - 10, 11), (2**40, 1)])
def test_a_file_that_is_too_short_gives_nothing(file, start, length):
    assert read_cached(file, start, length) is None


def test_no_file_gives_nothing_and_keeps_nothing_open(file):
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(50):
        assert read_cached(file.with_name("none"), 0, 1) is None
        assert read_cached(file, 2**40, 1) is None

    assert len(os.listdir("/proc/self/fd")) == before


def test_much_is_left_to_a_thread(file):
    os.truncate(file, MOST_BYTES + 1)

    assert read_cached(file, 0, MOST_BYTES + 1) is None


def test_a_system_that_cannot_say_gives_nothing(file, monkeypatch):
    monkeypatch.setattr(page_cache, "_call", None)

    assert read_cached(file, 0, 10) is None
