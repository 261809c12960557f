"""Intake: what is written, what is read of it, and what is refused."""

import io
import tracemalloc
import zlib
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.uid import DeflatedExplicitVRLittleEndian, ExplicitVRLittleEndian, generate_uid

from tests.standards.dicom import oracle
from tests.stores.archive.building import CT, bare, ct, part10
from vesalius.kit.blobs import Blobs
from vesalius.kit.errors import Exhausted, Forbidden, Invalid, VesaliusError
from vesalius.settings import Settings
from vesalius.standards.dicom.pixel_data import SEGMENT
from vesalius.stores import archive
from vesalius.stores.access import SYSTEM, Principal

MALFORMED = Path(__file__).parents[4] / "shared/data/dicom/malformed-v2"
MEMORY_LIMIT = 64 * 1024 * 1024


@pytest.fixture
async def blobs(tmp_path: Path) -> AsyncIterator[Blobs]:
    opened = Blobs(tmp_path, free_disk_fraction=0.0)
    opened.prepare("instances")
    yield opened
    await opened.close()


SETTINGS = Settings(free_disk_fraction=0.0)


async def take(
    blobs: Blobs, data: bytes, *, settings: Settings = SETTINGS, chunk: int = 50_000
) -> archive.Sealed:
    intake = await archive.begin(blobs, SYSTEM, settings=settings, source="TEST")
    try:
        for start in range(0, len(data), chunk):
            intake.feed(data[start : start + chunk])
        sealed = await intake.finish()
    except BaseException:
        await intake.abort()
        raise
    await sealed.blob
    return sealed


async def take_bare(blobs: Blobs, data: bytes, uid: str) -> archive.Sealed:
    intake = await archive.begin(
        blobs,
        SYSTEM,
        settings=SETTINGS,
        transfer_syntax_uid=ExplicitVRLittleEndian,
        sop_class_uid=CT,
        sop_instance_uid=uid,
        source="SCANNER",
    )
    intake.feed(data)
    sealed = await intake.finish()
    await sealed.blob
    return sealed


class TestBytes:
    async def test_a_file_is_kept_as_it_is(self, blobs: Blobs) -> None:
        file = part10(ct())
        sealed = await take(blobs, file, chunk=7)
        assert await blobs.read(sealed.blob_key) == file
        assert file[sealed.dataset_offset :] == bare(file)

    async def test_a_data_set_gets_file_meta_and_stays_as_it_is(self, blobs: Blobs) -> None:
        dataset = ct()
        data = bare(part10(dataset))
        sealed = await take_bare(blobs, data, dataset.SOPInstanceUID)
        stored = await blobs.read(sealed.blob_key)
        assert stored[sealed.dataset_offset :] == data
        read = dcmread(blobs.local_path(sealed.blob_key))
        assert read.file_meta.MediaStorageSOPInstanceUID == dataset.SOPInstanceUID
        assert read.file_meta.TransferSyntaxUID == ExplicitVRLittleEndian
        assert read.file_meta.SourceApplicationEntityTitle == "SCANNER"

    async def test_the_data_set_digest_is_the_same_by_every_door(self, blobs: Blobs) -> None:
        dataset = ct()
        file = part10(dataset)
        one = await take(blobs, file, chunk=11)
        other = await take_bare(blobs, bare(file), dataset.SOPInstanceUID)
        assert one.dataset_digest == other.dataset_digest
        assert one.sha256 != other.sha256
        dataset.PixelData = dataset.PixelData[:-1] + b"\7"
        assert (await take(blobs, part10(dataset))).dataset_digest != one.dataset_digest

    @pytest.mark.filterwarnings("ignore")
    @pytest.mark.parametrize("path", oracle.files(), ids=lambda p: p.name)
    async def test_files_of_every_syntax(self, blobs: Blobs, path: Path) -> None:
        dataset = dcmread(path, force=True)
        if path.name in oracle.REFUSED or "StudyInstanceUID" not in dataset:
            with pytest.raises(Invalid):
                await take(blobs, path.read_bytes())
            return
        try:
            sealed = await take(blobs, path.read_bytes(), chunk=1000)
        except Invalid as error:
            # Some samples are cut on purpose, or have no UIDs.
            if any(words in error.message for words in ("truncated", "UID", "encapsulated")):
                return
            raise
        assert await blobs.read(sealed.blob_key) == path.read_bytes()
        assert sealed.sop_instance_uid == dataset.SOPInstanceUID
        if "PixelData" in dataset and path.name != "badVR.dcm":
            assert sealed.frame_count == int(dataset.get("NumberOfFrames") or 1)


class TestFrames:
    async def test_native_frames_have_offsets_and_digests(self, blobs: Blobs) -> None:
        pixels = np.random.default_rng(0).integers(0, 255, (5, 8, 8), dtype="u1")
        file = part10(
            ct(NumberOfFrames=5, Rows=8, Columns=8, BitsAllocated=8, BitsStored=8, HighBit=7,
               PixelData=pixels.tobytes())
        )  # fmt: skip
        sealed = await take(blobs, file, chunk=13)
        segments = list(SEGMENT.iter_unpack(sealed.segments))
        assert len(segments) == 5
        for (offset, length, _), frame in zip(segments, pixels, strict=True):
            start = sealed.dataset_offset + offset
            assert file[start : start + length] == frame.tobytes()


class TestRefusals:
    async def test_who_may_not_store(self, blobs: Blobs) -> None:
        nobody = Principal("user", "x", "X", frozenset(), frozenset())
        with pytest.raises(Forbidden):
            await archive.begin(blobs, nobody, settings=SETTINGS, source="x")

    @pytest.mark.parametrize(
        "keyword", ["SOPClassUID", "SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID"]
    )
    @pytest.mark.parametrize("uid", [None, "", "../../etc/passwd", "1.2.x", "1" * 65, "1..2"])
    async def test_uids(self, blobs: Blobs, keyword: str, uid: str | None) -> None:
        file = _with_uid(part10(ct()), keyword, uid)
        with pytest.raises(Invalid, match=keyword):
            await take(blobs, file)
        assert [key async for key, _ in blobs.keys("instances")] == []

    @pytest.mark.parametrize("cut", [100, 131, 200, 500, -1, -300])
    async def test_cut_files(self, blobs: Blobs, cut: int) -> None:
        with pytest.raises(Invalid):
            await take(blobs, part10(ct())[:cut])

    async def test_no_prefix(self, blobs: Blobs) -> None:
        with pytest.raises(Invalid, match="prefix"):
            await take(blobs, b"\0" * 4000)

    async def test_larger_than_we_take(self, blobs: Blobs) -> None:
        small = Settings(instance_bytes=1000, free_disk_fraction=0.0)
        with pytest.raises(Invalid, match="larger"):
            await take(blobs, part10(ct()), settings=small)

    async def test_full_disk(self, tmp_path: Path) -> None:
        full = Blobs(tmp_path, free_disk_fraction=1.0)
        full.prepare("instances")
        with pytest.raises(Exhausted):
            await archive.begin(full, SYSTEM, settings=SETTINGS, source="x")

    async def test_deflate_bomb(self, blobs: Blobs) -> None:
        whole = part10(ct(), DeflatedExplicitVRLittleEndian)
        deflater = zlib.compressobj(9, zlib.DEFLATED, -15)
        # A private value of 400 MB of zeros behind a real header.
        header = bare(part10(ct(PixelData=None)))
        bomb = header + b"\xe1\x7f\x01\x10OB\0\0" + (400_000_000).to_bytes(4, "little")
        data = deflater.compress(bomb)
        for _ in range(400):
            data += deflater.compress(bytes(1_000_000))
        data += deflater.flush()
        meta = whole[: 144 + int.from_bytes(whole[140:144], "little")]
        tracemalloc.start()
        with pytest.raises(Invalid, match="swells"):
            await take(blobs, meta + data)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 16 * 1024 * 1024

    async def test_an_honest_deflated_file_is_taken(self, blobs: Blobs) -> None:
        sealed = await take(blobs, part10(ct(), DeflatedExplicitVRLittleEndian), chunk=9)
        assert sealed.frame_count == 1

    async def test_unknown_character_set_is_a_warning(self, blobs: Blobs) -> None:
        file = part10(ct()).replace(b"ISO_IR 100", b"KLINGON-1 ")
        sealed = await take(blobs, file)
        assert any("character set" in warning for warning in sealed.warnings)


def _with_uid(file: bytes, keyword: str, uid: str | None) -> bytes:
    """The file with one UID replaced in the bytes of its data set."""
    original = dcmread(io.BytesIO(file))[keyword]
    head = original.tag.group.to_bytes(2, "little") + original.tag.elem.to_bytes(2, "little")

    def encoded(text: str) -> bytes:
        value = text.encode() + b"\0" * (len(text) % 2)
        return head + b"UI" + len(value).to_bytes(2, "little") + value

    old = encoded(str(original.value))
    assert file.count(old) == 1
    return file.replace(old, b"" if uid is None else encoded(uid))


@pytest.mark.skipif(not MALFORMED.is_dir(), reason="the malformed corpus is not here")
async def test_malformed_corpus(blobs: Blobs) -> None:
    """Every file is taken or refused in words, within 64 MB."""
    outcomes = {"taken": 0, "refused": 0}
    tracemalloc.start()
    for path in sorted(MALFORMED.rglob("*.dcm")):
        tracemalloc.reset_peak()
        data = path.read_bytes()
        before = tracemalloc.get_traced_memory()[0]
        try:
            await take(blobs, data)
            outcomes["taken"] += 1
        except VesaliusError:
            outcomes["refused"] += 1
        peak = tracemalloc.get_traced_memory()[1] - before
        assert peak < MEMORY_LIMIT, path.name
    tracemalloc.stop()
    assert outcomes["taken"] > 50
    assert outcomes["refused"] > 50


async def test_large_pixel_data_costs_little_memory(blobs: Blobs) -> None:
    """Pixel data streams: 200 MB pass through less than 4 MB."""
    uid = generate_uid()
    frame = bytes(1_000_000)
    header = bare(part10(ct(SOPInstanceUID=uid, PixelData=None, Rows=1000, Columns=1000,
                            BitsAllocated=8, NumberOfFrames=200)))  # fmt: skip
    header += b"\xe0\x7f\x10\0OW\0\0" + (200_000_000).to_bytes(4, "little")
    tracemalloc.start()
    intake = await archive.begin(
        blobs,
        SYSTEM,
        settings=SETTINGS,
        transfer_syntax_uid=ExplicitVRLittleEndian,
        sop_class_uid=CT,
        sop_instance_uid=uid,
        source="SCANNER",
    )
    intake.feed(header)
    for _ in range(200):
        intake.feed(frame)
    sealed = await intake.finish()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    await sealed.blob
    assert (sealed.frame_count, len(sealed.segments)) == (200, 200 * SEGMENT.size)
    assert peak < 4 * 1024 * 1024
