"""The built files that pages load, held in memory: hashed names, so that browsers keep them for ever."""

from __future__ import annotations

import json
import mimetypes
from dataclasses import dataclass
from pathlib import Path

from fastapi import APIRouter, Request, Response

from outreach.errors import OutreachError

FOLDER = Path(__file__).with_name("built")
_ENCODINGS = {"br": ".br", "gzip": ".gz"}  # in the order of preference
_FOR_EVER = "public, max-age=31536000, immutable"


@dataclass(frozen=True, slots=True)
class Asset:
    """One file, as it is and compressed."""

    type: str
    bodies: dict[str, bytes]  # by Content-Encoding; "" as it is


class Assets:
    """What `make` built. Raises OutreachError when it did not."""

    def __init__(self, folder: Path = FOLDER) -> None:
        try:
            self._names: dict[str, str] = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            raise OutreachError("The console's pages are not built yet. In a checkout, run: make install") from None
        self._files = {name: _read(folder / name) for name in self._names.values()}

    def url(self, name: str) -> str:
        """Where a file is: `console.css`."""
        return f"/built/{self._names[name]}"

    def routes(self) -> APIRouter:
        """What serves them; nobody has to be signed in, and nothing in them is secret."""
        router = APIRouter()

        @router.get("/built/{name}")
        async def built(name: str, request: Request) -> Response:
            """One file, in the best encoding that the browser takes."""
            file = self._files.get(name)
            if file is None:
                return Response(status_code=404)
            accepted = request.headers.get("accept-encoding", "")
            encoding = next((each for each in _ENCODINGS if each in accepted and each in file.bodies), "")
            headers = {"Cache-Control": _FOR_EVER, "Vary": "Accept-Encoding"}
            if encoding:
                headers["Content-Encoding"] = encoding
            return Response(file.bodies[encoding], media_type=file.type, headers=headers)

        return router


def _read(path: Path) -> Asset:
    bodies = {"": path.read_bytes()}
    for encoding, ending in _ENCODINGS.items():
        packed = path.with_name(path.name + ending)
        if packed.exists():
            bodies[encoding] = packed.read_bytes()
    kind = {".js": "text/javascript; charset=utf-8"}.get(path.suffix) or mimetypes.guess_type(path.name)[0]
    return Asset(kind or "application/octet-stream", bodies)
