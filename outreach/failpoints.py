"""Points at which a rehearsal may kill, freeze or fail this process, to see what holds when that happens for real.

Off, a point costs one look at an empty table. They are armed by `OUTREACH_FAILPOINTS=point=action[@n],…` (the n-th
time it is reached; 1 unless said), and a process refuses to start with that unless it says `OUTREACH_TEST_MODE=1` as
well and every provider it would call is on this machine: no phone can ring in a rehearsal, no clinic be left armed.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlsplit

from outreach.errors import SettingError

ARMED_BY, ALLOWED_BY = "OUTREACH_FAILPOINTS", "OUTREACH_TEST_MODE"

#: Every point there is, and how things stand when it is reached.
POINTS: Mapping[str, str] = {
    "claim.before_commit": "messages are leased and their attempts written; none of it is committed",
    "claim.committed": "that is committed; nothing is written for the provider yet",
    "send.before_call": "the texts are written and the lease was looked at; the provider is called next",
    "send.answered": "the provider has answered; nobody has recorded it",
    "send.before_commit": "the answers are recorded, not committed",
    "send.recorded": "the answers are committed",
    "receipts.before_commit": "receipts are kept and applied, not committed; the provider has no answer",
    "inbound.before_commit": "a text is kept and acted on, not committed; the provider has no answer",
    "gathered.before_commit": "texts that came together are kept and acted on, not committed; none has an answer",
    "plan.before_commit": "one occurrence is written for one place, not committed",
    "plan.committed": "that is committed; other places wait",
    "sweep.committed": "one chunk of one job of the sweeper is committed",
    "settle.found": "the provider was asked after an unknown message; nothing is decided",
    "turn.committed": "a run is paused, resumed or cancelled; its waiting messages are not moved",
    "intake.before_commit": "a batch of an imported table is written, not committed",
    "intake.committed": "that is committed; other batches wait",
    "forget.committed": "a person is emptied in the database; the keyring can still open a backup for her",
}


class Action(StrEnum):
    """What happens at a point."""

    KILL = "kill"  # as a power cut would
    FREEZE = "freeze"  # until somebody thaws the process (SIGCONT)
    FAIL = "fail"  # an error that nobody expects


class FailpointError(RuntimeError):
    """What `fail` raises."""


@dataclass(slots=True)
class Trap:
    """What happens at a point, and how many times it is still passed unharmed."""

    action: Action
    passes: int = 0


_armed: dict[str, Trap] = {}


def reach(name: str) -> None:
    """Say that this point is reached."""
    if _armed:
        _spring(name)


def _spring(name: str) -> None:
    trap = _armed.get(name)
    if trap is None:
        return
    if trap.passes:
        trap.passes -= 1
        return
    del _armed[name]
    if trap.action is Action.FAIL:
        raise FailpointError(name)
    os.kill(os.getpid(), signal.SIGKILL if trap.action is Action.KILL else signal.SIGSTOP)


def arm(environment: Mapping[str, str], providers: Mapping[str, Mapping[str, object]]) -> None:
    """Set the traps that the environment asks for. `providers`: as the settings have them. Raises SettingError."""
    asked = environment.get(ARMED_BY, "")
    if not asked:
        return
    if environment.get(ALLOWED_BY) != "1":
        raise SettingError(f"{ARMED_BY}: this is for rehearsals only. Take it out of the environment.")
    if far := sorted(name for name, values in providers.items() if not _is_here(values)):
        raise SettingError(
            f"{ARMED_BY}: in a rehearsal every provider is on this machine, and {', '.join(far)} is not. "
            f"Example: OUTREACH_PROVIDERS__{far[0].upper()}__API_BASE=http://127.0.0.1:8025"
        )
    lay(_trap(word.strip()) for word in asked.split(","))


def lay(traps: Iterable[tuple[str, Trap]]) -> None:
    """Set these traps, and no others, in this process."""
    _armed.clear()
    _armed.update(traps)


def _is_here(values: Mapping[str, object]) -> bool:
    return urlsplit(str(values.get("api_base", ""))).hostname in {"127.0.0.1", "localhost", "::1"}


def _trap(word: str) -> tuple[str, Trap]:
    name, _, rest = word.partition("=")
    action, _, time = rest.partition("@")
    if name not in POINTS or action not in set(Action) or not (time or "1").isdecimal() or time == "0":
        raise SettingError(
            f"{ARMED_BY}: {word!r} is not a point and what happens there. Example: claim.committed=kill@2; "
            f"actions: {', '.join(Action)}; points: {', '.join(POINTS)}."
        )
    return name, Trap(Action(action), int(time or "1") - 1)
