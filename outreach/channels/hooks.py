"""What every provider's webhook reading shares: the cap, our own id, the key of an event."""

from __future__ import annotations

import hashlib
import re

from outreach.channels.contract import Hook
from outreach.errors import HookError

LIMIT = 64 * 1024  # bytes; a receipt or a text is two kilobytes at most
_OWN_ID = re.compile(r"[1-9][0-9]{0,17}", re.ASCII)  # 18 digits stay below a signed 64-bit key


def text_of(hook: Hook) -> str:
    """The body as text. Raises HookError when it is over 64 kB or not UTF-8."""
    if len(hook.body) > LIMIT:
        raise HookError(f"The call's body is over {LIMIT // 1024} kB; nothing was read.")
    try:
        return hook.body.decode()
    except UnicodeDecodeError:
        raise HookError("The call's body is not UTF-8; nothing was read.") from None


def own_id(text: str) -> int | None:
    """Our message id as a webhook carried it; None for anything but a positive whole number."""
    return int(text) if _OWN_ID.fullmatch(text) else None


def event_key(*parts: str) -> str:
    """One key for one event: the same event, told twice, gives the same."""
    return hashlib.sha256("\n".join(parts).encode(errors="replace")).hexdigest()
