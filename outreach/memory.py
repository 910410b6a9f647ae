"""How often Python looks for rubbish.

A process of ours keeps much for as long as it lives (libraries, words, texts), and makes much for each page or batch
that is gone at once. Python looks for rings of rubbish after each 700 new things, and at everything now and then: a
quarter of the time of a page that adds up thousands of lines.
"""

from __future__ import annotations

import gc

#: New things, first looks and second looks after which the next look is taken.
LOOKS = (20_000, 50, 100)


def settle() -> None:
    """Call it once, when a process has what it needs: that is never looked at again, and the rest less often."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*LOOKS)
