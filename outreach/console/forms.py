"""What a form sends: its fields, perhaps one file. Both are cut off where they grow too long, as they come in."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import NamedTuple
from urllib.parse import parse_qsl

from fastapi import HTTPException, Request, UploadFile
from starlette.datastructures import UploadFile as Received
from starlette.formparsers import MultiPartException, MultiPartParser

CAP = 256 * 1024  # bytes of a form without its file: a definition, percent-encoded
_FIELDS = 200


class Sent(NamedTuple):
    """A form. The file has no name on any disk, and is gone when the request is answered."""

    fields: list[tuple[str, str]]
    upload: UploadFile | None


async def read(request: Request, upload: int) -> Sent:
    """Read a form; `upload`: the most bytes of a file, 0 when none may come. Raises HTTPException."""
    kind = request.headers.get("content-type", "")
    if not kind.startswith("multipart/form-data"):
        body = b"".join([chunk async for chunk in _capped(request, CAP)])
        return Sent(parse_qsl(body.decode("utf-8", errors="replace"), keep_blank_values=True), None)
    if not upload:
        raise HTTPException(413)
    parser = MultiPartParser(
        request.headers, _capped(request, upload + CAP), max_files=1, max_fields=_FIELDS, max_part_size=CAP
    )
    try:
        form = await parser.parse()
    except MultiPartException:
        raise HTTPException(413) from None
    fields = [(name, value) for name, value in form.multi_items() if isinstance(value, str)]
    file = next((value for _, value in form.multi_items() if isinstance(value, Received)), None)
    chosen = file is not None and (file.size or file.filename)
    return Sent(fields, UploadFile(file.file, size=file.size, filename=file.filename) if file and chosen else None)


async def _capped(request: Request, most: int) -> AsyncGenerator[bytes, None]:
    """The body as it comes. Raises HTTPException where it is too long, before anything is kept of the rest."""
    length = 0
    async for chunk in request.stream():
        length += len(chunk)
        if length > most:
            raise HTTPException(413)
        yield chunk
