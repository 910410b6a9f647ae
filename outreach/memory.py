"""How often Python looks for rubbish.

A process of ours keeps much for as long as it lives (libraries, words, texts), and makes much for each page or batch
that is gone at once. Python looks for rings of rubbish after each 700 new things, and at everything now and then: a
quarter of the time of a page that adds up thousands of lines.
"""

from __future__ import annotations

import gc
import sys
from contextlib import suppress
from ctypes import CDLL

_ARENA_MAX = -8  # M_ARENA_MAX of mallopt(3)

#: New things, first looks and second looks after which the next look is taken.
LOOKS = (20_000, 50, 100)


def settle() -> None:
    """Call it once, when a process has what it needs: that is never looked at again, and the rest less often."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*LOOKS)


def share_heap() -> None:
    """Call it before there are threads: they share one heap of the C library, and not each what it once needed (2 MB).

    Python's own lock lets one thread at a time work anyhow. It is glibc's `mallopt`; elsewhere nothing happens.
    """
    if sys.platform == "linux":
        with suppress(AttributeError):
            CDLL(None).mallopt(_ARENA_MAX, 1)
