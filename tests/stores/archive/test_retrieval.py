"""Retrieval: the bytes that came in, or none; packs that every client can inflate."""

import gzip
import io
import warnings
import zlib
from pathlib import Path

import numpy as np
import orjson
import pytest
from pydicom import dcmread, dcmwrite
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate, encapsulate_extended, generate_frames
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    generate_uid,
)

from tests.standards.dicom import oracle
from tests.stores.archive.building import bare, ct, part10, seal, series_of, store, store_file
from vesalius.app import House
from vesalius.kit.errors import Invalid, NotFound, Unavailable, Unsupported
from vesalius.stores import archive
from vesalius.stores.access import SYSTEM


async def read_frames(house: House, uids: tuple[str, str, str], *numbers: int) -> list[bytes]:
    async with house.database.transaction() as tx:
        frames = await archive.frames(tx, SYSTEM, *uids, numbers or None)
    return [await archive.read_frame(house.blobs, frame) for frame in frames]


def uids_of(stored: archive.Stored) -> tuple[str, str, str]:
    return (stored.study_instance_uid, stored.series_instance_uid, stored.sop_instance_uid)


async def whole(house: House, row: archive.InstanceRow, **options: bool) -> bytes:
    stream = archive.stream_instance(house.blobs, row, **options)
    return b"".join([chunk async for chunk in stream])


def multiframe(frames: list[bytes], syntax: str, pixel_data: bytes, **elements: object) -> bytes:
    dataset = ct(
        NumberOfFrames=len(frames), BitsAllocated=8, BitsStored=8, HighBit=7,
        PixelData=pixel_data, **elements,
    )  # fmt: skip
    dataset["PixelData"].VR = "OB"
    dataset["PixelData"].is_undefined_length = True
    return part10(dataset, syntax)


JPEGS = [b"\xff\xd8\xff" + bytes([n]) * (20 + 2 * n) + b"\xff\xd9\0" for n in range(4)]


class TestInstances:
    async def test_bytes_are_what_came(self, house: House) -> None:
        files = [part10(dataset) for dataset in series_of(3)]
        stored = [await store_file(house, file) for file in files]
        async with house.database.transaction() as tx:
            rows = await archive.instances(tx, SYSTEM, study=stored[0].study_instance_uid)
            one = await archive.instances(tx, SYSTEM, instance=stored[1].sop_instance_uid)
            by_patient = await archive.instances(tx, SYSTEM, patient=["M1"])
            with pytest.raises(Invalid):
                await archive.instances(tx, SYSTEM, study=None, series=[])
        assert [row.instance_number for row in rows] == [1, 2, 3]
        assert [await whole(house, row) for row in rows] == files
        assert await whole(house, rows[0], dataset_only=True) == bare(files[0])
        assert (one, by_patient) == ([rows[1]], rows)

    @pytest.mark.parametrize("harm", ["flip", "cut", "swap", "gone"])
    async def test_damaged_bytes_are_never_given_out(self, house: House, harm: str) -> None:
        first, second = [await store_file(house, part10(each)) for each in series_of(2)]
        async with house.database.transaction() as tx:
            rows = await archive.instances(tx, SYSTEM, study=first.study_instance_uid)
            bulk = await archive.bulk(tx, SYSTEM, *uids_of(first), "7FE00010")
        path, other = (house.blobs.local_path(row.blob_key) for row in rows)
        assert path
        assert other
        data = bytearray(path.read_bytes())
        if harm == "flip":
            data[-100] ^= 1
            path.write_bytes(data)
        elif harm == "cut":
            path.write_bytes(data[:-100])
        elif harm == "swap":
            path.write_bytes(other.read_bytes())
        else:
            path.unlink()
        for reading in (
            whole(house, rows[0]),
            read_frames(house, uids_of(first), 1),
            archive.read_bulk(house.blobs, bulk),
        ):
            if harm == "swap" and reading.__name__ == "read_frames":
                # Two slices with the same pixels at the same place: nothing wrong is shown.
                reading.close()
                continue
            with pytest.raises((Unavailable, NotFound)):
                await reading
        assert await whole(house, rows[1])
        report = await archive.scrub(house.database)
        assert (report.checked, len(report.problems)) == (2, 1)
        assert first.sop_instance_uid in report.problems[0]
        async with house.database.transaction() as tx:
            assert not await archive.verify(tx, first.sop_instance_uid)
            assert await archive.verify(tx, second.sop_instance_uid)
        news = await house.database.snapshot("SELECT name FROM outbox ORDER BY id")
        assert [row["name"] for row in news][-1] == "BlobDamaged"


class TestFrames:
    @pytest.mark.filterwarnings("ignore")
    async def test_of_pydicoms_files(self, house: House) -> None:
        """Every frame of every encapsulated sample, as pydicom cuts them."""
        compared = 0
        for path in oracle.files():
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                dataset = dcmread(path)
            if not dataset.file_meta.TransferSyntaxUID.is_compressed or "PixelData" not in dataset:
                continue
            if dataset.file_meta.TransferSyntaxUID.is_deflated:
                continue
            try:
                stored = await store_file(house, path.read_bytes())
            except Invalid:
                continue
            if stored.outcome != "new":
                continue
            count = int(dataset.get("NumberOfFrames") or 1)
            expected = list(generate_frames(dataset.PixelData, number_of_frames=count))
            assert await read_frames(house, uids_of(stored)) == expected, path.name
            compared += 1
        assert compared >= 10

    @pytest.mark.parametrize("per_frame", [1, 3])
    @pytest.mark.parametrize("table", [True, False])
    async def test_fragments_with_and_without_table(
        self, house: House, per_frame: int, table: bool
    ) -> None:
        pixel_data = encapsulate(JPEGS, fragments_per_frame=per_frame, has_bot=table)
        stored = await store_file(house, multiframe(JPEGS, JPEGBaseline8Bit, pixel_data))
        padded = [frame + b"\0" * (len(frame) % 2) for frame in JPEGS]
        got = await read_frames(house, uids_of(stored))
        assert [frame.rstrip(b"\0") for frame in got] == [f.rstrip(b"\0") for f in padded]
        assert await read_frames(house, uids_of(stored), 3, 1) == [got[2], got[0]]
        with pytest.raises(NotFound):
            await read_frames(house, uids_of(stored), 5)

    async def test_extended_offset_table(self, house: House) -> None:
        pixel_data, offsets, lengths = encapsulate_extended(JPEGS)
        file = multiframe(
            JPEGS, JPEGBaseline8Bit, pixel_data,
            ExtendedOffsetTable=offsets, ExtendedOffsetTableLengths=lengths,
        )  # fmt: skip
        stored = await store_file(house, file)
        assert (await read_frames(house, uids_of(stored), 4))[0].startswith(JPEGS[3][:-1])

    async def test_frames_that_cannot_be_told_apart(self, house: House) -> None:
        pieces = [b"abcd" * 5] * 3
        pixel_data = encapsulate(pieces, has_bot=False)
        stored = await store_file(house, multiframe(JPEGS, JPEG2000Lossless, pixel_data))
        assert any("told apart" in warning for warning in stored.warnings)
        with pytest.raises(Unsupported):
            await read_frames(house, uids_of(stored), 1)

    @pytest.mark.parametrize("syntax", [DeflatedExplicitVRLittleEndian, ExplicitVRBigEndian])
    async def test_native_frames_of_other_syntaxes(self, house: House, syntax: str) -> None:
        pixels = np.arange(3 * 256, dtype="<u2").reshape(3, 256)
        data = pixels if syntax != ExplicitVRBigEndian else pixels.astype(">u2")
        dataset = ct(NumberOfFrames=3, PixelData=data.tobytes())
        dataset["PixelData"].VR = "OW"
        big = syntax == ExplicitVRBigEndian
        stored = await store_file(house, _big_endian(dataset) if big else part10(dataset, syntax))
        assert await read_frames(house, uids_of(stored), 2) == [data[1].tobytes()]
        async with house.database.transaction() as tx:
            bulk = await archive.bulk(tx, SYSTEM, *uids_of(stored), "7FE00010")
        assert await archive.read_bulk(house.blobs, bulk) == pixels.tobytes()

    async def test_bits_that_begin_inside_a_byte(self, house: House) -> None:
        bits = np.random.default_rng(3).integers(0, 2, (4, 3 * 5), dtype="u1")
        packed = np.packbits(bits.ravel(), bitorder="little").tobytes()
        dataset = ct(
            NumberOfFrames=4, Rows=3, Columns=5, BitsAllocated=1, BitsStored=1, HighBit=0,
            PixelData=packed,
        )  # fmt: skip
        stored = await store_file(house, part10(dataset))
        async with house.database.transaction() as tx:
            frames = await archive.frames(tx, SYSTEM, *uids_of(stored))
        for frame, expected in zip(frames, bits, strict=True):
            data = await archive.read_frame(house.blobs, frame)
            unpacked = np.unpackbits(np.frombuffer(data, "u1"), bitorder="little")
            begin, length = frame.bit_offset, frame.bit_length or 0
            assert unpacked[begin : begin + length].tolist() == expected.tolist()


def _big_endian(dataset: Dataset) -> bytes:
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRBigEndian
    buffer = io.BytesIO()
    dcmwrite(buffer, dataset, enforce_file_format=True)
    return buffer.getvalue()


class TestMetadata:
    async def test_is_one_gzip_member(self, house: House) -> None:
        datasets = series_of(5)
        uid = datasets[0].StudyInstanceUID
        more = ct(StudyInstanceUID=uid, SeriesInstanceUID=generate_uid(), SeriesNumber=2)
        await store(house, *datasets, more)
        async with house.database.transaction() as tx:
            pack = await archive.metadata(tx, SYSTEM, uid)
            one = await archive.metadata(tx, SYSTEM, uid, more.SeriesInstanceUID)
            instance = await archive.metadata(
                tx, SYSTEM, uid, more.SeriesInstanceUID, more.SOPInstanceUID
            )
        # As browsers do it: one member, and its checksum must hold.
        inflater = zlib.decompressobj(31)
        text = inflater.decompress(pack.gzip())
        assert inflater.eof
        assert not inflater.unused_data
        assert len(text) == pack.size
        listed = orjson.loads(text)
        assert [each["00080018"]["Value"][0] for each in listed] == [
            dataset.SOPInstanceUID for dataset in (*datasets, more)
        ]
        assert orjson.loads(one.json()) == orjson.loads(gzip.decompress(instance.gzip()))
        root = f"/dicomweb/studies/{uid}/series/{more.SeriesInstanceUID}/instances"
        uri = f"{root}/{more.SOPInstanceUID}/bulkdata/7FE00010"
        assert listed[-1]["7FE00010"] == {"vr": "OW", "BulkDataURI": uri}
        assert listed[0]["00100010"]["Value"] == [{"Alphabetic": "Müller^Zoë"}]

    async def test_etag_tells_states_apart_and_outlives_folding(self, house: House) -> None:
        datasets = series_of(4)
        uid = datasets[0].StudyInstanceUID
        seen = []
        for dataset in datasets:
            await store(house, dataset)
            async with house.database.transaction() as tx:
                pack = await archive.metadata(tx, SYSTEM, uid)
                again = await archive.metadata(tx, SYSTEM, uid)
                await archive.fold(tx)
                folded = await archive.metadata(tx, SYSTEM, uid)
            assert (pack.etag, pack.gzip()) == (again.etag, again.gzip()) == (
                folded.etag, folded.gzip()
            )  # fmt: skip
            assert pack.count == len(seen) + 1
            seen.append(pack.etag)
        assert len(set(seen)) == 4

    async def test_long_values_are_retrieved_by_path(self, house: House) -> None:
        document = bytes(range(256)) * 40
        dataset = ct(PixelData=None, SOPClassUID="1.2.840.10008.5.1.4.1.1.104.1")
        dataset.EncapsulatedDocument = document
        [stored] = await store(house, dataset)
        async with house.database.transaction() as tx:
            [listed] = orjson.loads((await archive.metadata(tx, SYSTEM, *uids_of(stored))).json())
            path = listed["00420011"]["BulkDataURI"].rpartition("/bulkdata/")[2]
            value = await archive.bulk(tx, SYSTEM, *uids_of(stored), path)
            with pytest.raises(NotFound):
                await archive.bulk(tx, SYSTEM, *uids_of(stored), "00420012")
        assert await archive.read_bulk(house.blobs, value) == document
        parts = archive.stream_bulk(house.blobs, value, 100, 50)
        assert b"".join([part async for part in parts]) == document[100:150]


class TestSweeper:
    async def test_sweeps_what_nothing_names(self, house: House) -> None:
        [kept] = await store(house, ct())
        dataset = ct(SOPInstanceUID=kept.sop_instance_uid)
        [aside] = await store(house, dataset)
        assert aside.outcome == "quarantined"
        lost = await seal(house, part10(ct()))
        await lost.blob
        assert await archive.sweep(house.database) == 0
        assert await archive.sweep(house.database, grace_seconds=-60) == 1
        assert not Path(house.blobs.root, lost.blob_key).exists()
        assert len([key async for key, _ in house.blobs.keys("instances")]) == 2
