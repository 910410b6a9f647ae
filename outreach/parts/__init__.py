"""How many parts a text is billed in, and how to make it cheaper. Pure: text in, values out.

`count` normalises nothing: `e` with a combining accent is not GSM-7 although `é` is, so pass texts through `normalise`
before they are counted and sent.
"""

from outreach.parts.cheaper import Suggestion, Swap, suggest
from outreach.parts.cut import Encoding, Parts, count, normalise, units

__all__ = ["Encoding", "Parts", "Suggestion", "Swap", "count", "normalise", "suggest", "units"]
