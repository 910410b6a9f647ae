"""The proof that an acknowledgement comes from the app that got the push: a keyed hash of our message id.

Firebase tells nothing about a single device, so the app answers us itself: `POST /hooks/push/ack` with the id and this
hash, both of which travelled in the push's data. Nobody who did not get the push can make one.
"""

from __future__ import annotations

import hashlib
import hmac


def acknowledgement(key: bytes, message_id: int) -> str:
    """What the app must send back with this id: 32 hexadecimal characters (half of an HMAC-SHA256)."""
    return hmac.new(key, b"push-ack:%d" % message_id, hashlib.sha256).hexdigest()[:32]


def acknowledges(key: bytes, message_id: int, ack: str) -> bool:
    """Whether `ack` is the acknowledgement of this id; takes the same time for every wrong one."""
    return hmac.compare_digest(acknowledgement(key, message_id).encode(), ack.encode(errors="replace"))
