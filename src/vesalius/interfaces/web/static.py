"""The browser application at / and the diagnostic viewer at /viewer/, as they were built.

Built files lie beside their Brotli and gzip forms. A file with its hash in its name is kept by
the browser for good; any other is asked about each time. An address that is no file is a page of
the application, which routes by itself.
"""

import mimetypes
import re
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, RedirectResponse, Response

from vesalius.kit.http.negotiation import accepts_coding

CODINGS = {"br": ".br", "gzip": ".gz"}
# Vite names a file by its content; the viewer lies in a folder named by what it was made from.
HASHED = re.compile(r"^assets/.*-[\w-]{8}\.\w+$|^[0-9a-f]{16}/")
# An ending that begins with a letter: a study's UID has dots too, and is a page.
FILE = re.compile(r"\.(?!html$)[a-z][a-z0-9]*$")
FOR_GOOD = "public, max-age=31536000, immutable"
NOT_BUILT = "The browser application is not built yet: run `make web`.\n"

# As the wheel carries it, else as `make web` leaves it in the source tree.
_HERE = Path(__file__).resolve()
DIST = next(
    (
        folder
        for folder in (_HERE.parent / "dist", _HERE.parents[4] / "web" / "dist")
        if folder.is_dir()
    ),
    _HERE.parents[4] / "web" / "dist",
)


async def application(request: Request) -> Response:
    """GET /…: a file of the application, or its page."""
    return _serve(request, DIST / "app", request.path_params["path"])


async def viewer(request: Request) -> Response:
    """GET /viewer/…: a file of the viewer, or its page."""
    return _serve(request, DIST / "viewer", request.path_params["path"])


async def viewer_start(request: Request) -> Response:
    """GET /viewer: the viewer's files are relative to /viewer/."""
    return RedirectResponse("/viewer/", 308)


def _serve(request: Request, folder: Path, path: str) -> Response:
    file = _find(folder, path)
    if file is None:
        # A missing script must not be answered with a page.
        if FILE.search(path):
            raise HTTPException(404)
        file = _find(folder, "index.html")
    if file is None:
        return PlainTextResponse(NOT_BUILT, 503)
    return _respond(request, file, for_good=bool(HASHED.search(path)))


def _find(folder: Path, path: str) -> Path | None:
    """The file of this path below the folder, whatever the path tries."""
    if "\0" in path:
        return None
    file = (folder / path).resolve()
    return file if file.is_relative_to(folder.resolve()) and file.is_file() else None


def _respond(request: Request, file: Path, *, for_good: bool) -> Response:
    headers = {"Vary": "Accept-Encoding"}
    if for_good:
        headers["Cache-Control"] = FOR_GOOD
    media_type = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
    accepted = request.headers.get("accept-encoding")
    for coding, suffix in CODINGS.items():
        compressed = file.with_name(file.name + suffix)
        if accepts_coding(accepted, coding) and compressed.is_file():
            file, headers["Content-Encoding"] = compressed, coding
            break
    response = FileResponse(file, headers=headers, media_type=media_type, stat_result=file.stat())
    if response.headers["etag"] in request.headers.get("if-none-match", ""):
        kept = ("etag", "cache-control", "vary")
        return Response(
            status_code=304, headers={k: response.headers[k] for k in kept if k in response.headers}
        )
    return response
