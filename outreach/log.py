"""Logs that cannot betray anybody: structlog, and only fields on this list ever reach a line."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from typing import Any


@contextmanager
def _without(module: str) -> Iterator[None]:
    """Inside, a module is as if it were not installed ("The module cache" in Python's reference)."""
    known = sys.modules.get(module)
    sys.modules[module] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        del sys.modules[module]
        if known is not None:
            sys.modules[module] = known


# structlog would draw tracebacks with rich, and the values of variables with them. No line of ours has any, and it is
# 4 MB of each process.
with _without("rich"):
    import structlog

#: Fields that may appear. None of them can hold a number, a token, a name or a text.
ALLOWED = frozenset(
    {
        "event", "level", "timestamp", "logger", "room", "sender", "provider", "kind", "lane", "state", "reason",
        "cause", "code", "count", "claimed", "sent", "refused", "failed", "unknown", "seconds", "run", "step",
        "campaign", "message", "thread", "person", "error", "status", "queue", "task", "port", "url", "path", "line",
        "host", "verb", "occurrence", "settled", "parked", "applied", "version", "job",
    }
)  # fmt: skip

#: As long as a phone number, or longer.
_DIGITS = re.compile(r"\+?\d{9,}")

#: Libraries that log bodies, numbers or URLs of their calls.
TALKATIVE = (
    "twilio",
    "httpx",
    "httpcore",
    "aiohttp",
    "urllib3",
    "google",
    "firebase_admin",
    "sqlalchemy",
    "uvicorn.access",
)


def _only_allowed(_logger: Any, _name: str, fields: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    dropped = [name for name in fields if name not in ALLOWED]
    for name in dropped:
        del fields[name]
    return fields


def _error_class_only(_logger: Any, _name: str, fields: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A traceback may quote values: keep the exception's class and its place, never its text."""
    problem = fields.pop("exc_info", None)
    if problem is True:
        problem = sys.exc_info()[1]
    if isinstance(problem, BaseException):
        fields["error"] = type(problem).__name__
        fields["path"], fields["line"] = _place(problem)
    return fields


def _place(problem: BaseException) -> tuple[str, int]:
    """The function and line that raised; "" and 0 when it was never raised."""
    frame = problem.__traceback__
    while frame is not None and frame.tb_next is not None:
        frame = frame.tb_next
    return ("", 0) if frame is None else (frame.tb_frame.f_code.co_name, frame.tb_lineno)


class Guarded(logging.Formatter):
    """For what libraries log by themselves: of an exception its class and place, and no long run of digits."""

    def format(self, record: logging.LogRecord) -> str:
        """One line, whatever the record carries."""
        record.exc_text = None  # another handler may have left the whole text there
        text = _DIGITS.sub("[digits]", super().format(record))
        return text.replace("\n", " ")

    def formatException(self, ei: Any) -> str:  # noqa: N802 (the standard library's name)
        """Never the exception's text."""
        kind, problem, _ = ei
        path, line = _place(problem) if problem is not None else ("", 0)
        return f"{kind.__name__ if kind else ''} in {path}:{line}"


def configure(*, json: bool, level: str) -> None:
    """Set up logging for this process. `level`: debug, info, warning or error."""
    least = getattr(logging, level.upper())
    _ours(least, json=json)
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(Guarded("%(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(level=max(least, logging.WARNING), handlers=[handler])
    for name in TALKATIVE:
        logging.getLogger(name).setLevel(logging.CRITICAL)


def _ours(least: int, *, json: bool) -> None:
    renderer: Any = structlog.processors.JSONRenderer() if json else structlog.dev.ConsoleRenderer(colors=False)
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _error_class_only,
            _only_allowed,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(least),
        logger_factory=_to_standard_error,
        cache_logger_on_first_use=False,
    )


def _to_standard_error(*_: object) -> structlog.PrintLogger:
    return structlog.PrintLogger(sys.stderr)


def get(room: str) -> Any:
    """A logger of one room (`structlog` bound logger)."""
    # Bound when first used, so that the settings of `configure` hold for loggers made before it was called.
    return structlog.get_logger(room=room)


# From the first import on: the library's own defaults would print whole exceptions, and among a command's facts.
_ours(logging.WARNING, json=False)
