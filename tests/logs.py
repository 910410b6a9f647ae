"""Logs as the product sets them up, for as long as a test needs them."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr

from outreach import log


@contextmanager
def kept(*, json: bool = True, level: str = "debug") -> Iterator[io.StringIO]:
    """Everything that our own loggers and, guarded as in the product, those of libraries write meanwhile."""
    root = logging.getLogger()
    handlers, least = root.handlers[:], root.level
    levels = {name: logging.getLogger(name).level for name in log.TALKATIVE}
    root.handlers.clear()
    try:
        with redirect_stderr(io.StringIO()) as said:
            log.configure(json=json, level=level)
            yield said
    finally:
        root.handlers[:] = handlers
        root.setLevel(least)
        for name, value in levels.items():
            logging.getLogger(name).setLevel(value)
        log._ours(logging.WARNING, json=False)
