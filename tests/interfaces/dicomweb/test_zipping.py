import io
import os
import zipfile
import zlib

from vesalius.interfaces.dicomweb.zipping import ZipStream


class TestZipStream:
    def test_others_can_unzip_it(self):
        files = {"a/1.dcm": b"", "a/2.dcm": os.urandom(100_000), "b/3.dcm": b"x" * 7}
        stream = ZipStream()
        written = bytearray()
        for name, body in files.items():
            written += stream.opening(name) + body + stream.ending(zlib.crc32(body), len(body))
        written += stream.closing()

        with zipfile.ZipFile(io.BytesIO(bytes(written))) as archive:
            assert archive.testzip() is None
            assert {name: archive.read(name) for name in archive.namelist()} == files
