"""What a form sends: its fields, perhaps one file. Both are cut off where they grow too long, as they come in.

A file is handed on piece by piece and never lies on a disk by itself: whoever wants one says what keeps it.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from typing import TYPE_CHECKING, NamedTuple, Protocol
from urllib.parse import parse_qsl

from fastapi import HTTPException, Request
from fastapi.concurrency import run_in_threadpool
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks

CAP = 256 * 1024  # bytes of a form without its file: a definition, percent-encoded
_FIELDS = 200


class Keeper(Protocol):
    """What keeps a file as it comes in. Each is called on a thread."""

    def write(self, data: bytes, /) -> None:
        """Keep some more of it."""

    def close(self) -> None:
        """That was all of it."""

    def drop(self) -> None:
        """It will not come to its end, or nobody wants it: let go of it."""


class Sent(NamedTuple):
    """A form. `upload`: what keeps its file; None when none was chosen."""

    fields: list[tuple[str, str]]
    upload: Keeper | None


async def read(request: Request, most: int = 0, keeper: Callable[[], Keeper] | None = None) -> Sent:
    """Read a form. `keeper` makes what keeps its file, of at most `most` bytes; without it, none may come.

    Raises HTTPException.
    """
    kind, options = parse_options_header(request.headers.get("content-type", ""))
    if kind != b"multipart/form-data":
        body = b"".join([chunk async for chunk in _capped(request, CAP)])
        return Sent(parse_qsl(body.decode("utf-8", errors="replace"), keep_blank_values=True), None)
    if keeper is None or b"boundary" not in options:
        raise HTTPException(413)
    return await _with_file(request, options[b"boundary"], most, keeper)


async def _with_file(request: Request, boundary: bytes, most: int, keeper: Callable[[], Keeper]) -> Sent:
    parts, kept = _Parts(), None
    try:
        parser = MultipartParser(boundary, parts.callbacks())
        async for chunk in _capped(request, most + CAP):
            parser.write(chunk)
            if piece := parts.file():
                kept = kept or keeper()
                await run_in_threadpool(kept.write, piece)
        if not parts.whole:
            raise FormParserError("cut off")
        if kept is not None:
            await run_in_threadpool(kept.close)
    except BaseException as error:
        if kept is not None:
            await run_in_threadpool(kept.drop)
        if isinstance(error, FormParserError):
            raise HTTPException(413) from None
        raise
    return Sent(parts.fields, kept)


class _Parts:
    """The parts of a form as its parser tells them: fields whole, of the one file what came since it was asked for."""

    def __init__(self) -> None:
        self.fields: list[tuple[str, str]] = []
        self._header = self._value = b""
        self._headers: dict[bytes, bytes] = {}
        self._name, self._text = "", bytearray()
        self._is_file, self._files, self._piece, self._length = False, 0, bytearray(), 0
        self.whole = False  # the form's last line was there

    def file(self) -> bytes:
        """What came of the file since this was last asked."""
        piece, self._piece = bytes(self._piece), bytearray()
        return piece

    def callbacks(self) -> MultipartCallbacks:
        """What the parser calls."""
        return {
            "on_part_begin": self._begin,
            "on_header_field": self._header_field,
            "on_header_value": self._header_value,
            "on_header_end": self._header_end,
            "on_headers_finished": self._named,
            "on_part_data": self._data,
            "on_part_end": self._end,
            "on_end": self._whole,
        }

    def _whole(self) -> None:
        self.whole = True

    def _begin(self) -> None:
        self._headers, self._text = {}, bytearray()

    def _header_field(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end]

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _header_end(self) -> None:
        self._headers[self._header.lower()] = self._value
        self._header = self._value = b""

    def _named(self) -> None:
        _, options = parse_options_header(self._headers.get(b"content-disposition", b""))
        self._name = options.get(b"name", b"").decode("utf-8", errors="replace")
        self._is_file = b"filename" in options  # its name may name somebody: nobody keeps it
        self._files += self._is_file
        if self._files > 1 or len(self.fields) >= _FIELDS:
            raise FormParserError("too many parts")

    def _data(self, data: bytes, start: int, end: int) -> None:
        if self._is_file:
            self._piece += data[start:end]
            return
        self._length += end - start
        if self._length > CAP:
            raise FormParserError("too long")
        self._text += data[start:end]

    def _end(self) -> None:
        if not self._is_file:
            self.fields.append((self._name, self._text.decode("utf-8", errors="replace")))


async def _capped(request: Request, most: int) -> AsyncGenerator[bytes, None]:
    """The body as it comes. Raises HTTPException where it is too long, before anything is kept of the rest."""
    length = 0
    async for chunk in request.stream():
        length += len(chunk)
        if length > most:
            raise HTTPException(413)
        yield chunk
