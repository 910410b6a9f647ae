"""Whether the chain of what staff did is whole: no line edited, missing or out of place, its end still there.

Looks at lines and checkpoints only, whatever they were read from.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from sqlalchemy.orm import Session

from outreach.errors import NotFoundError
from outreach.privacy import audit
from outreach.privacy.audit import BEGINNING, Checkpoint, Line, Seals
from outreach.privacy.vault import Vault


class Wrong(StrEnum):
    """What can be wrong with the chain."""

    EDITED = "edited"  # the line's hash is not the one of what it says
    MISSING = "missing"  # numbers were skipped before this line
    OUT_OF_PLACE = "out_of_place"  # it does not follow the line before it
    CUT_OFF = "cut_off"  # a checkpoint knows of more lines
    REWRITTEN = "rewritten"  # a checkpoint knows another line of this number
    FORGED = "forged"  # the checkpoint was not signed by this keyring


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong. `line`: its number; of a checkpoint, how many lines it speaks of."""

    line: int
    wrong: Wrong


@dataclass(slots=True)
class Verdict:
    """How many lines and checkpoints were looked at, and what is wrong with them."""

    lines: int = 0
    checkpoints: int = 0
    findings: list[Finding] = field(default_factory=list)


def verify(session: Session, vault: Vault, kept: Sequence[Checkpoint] = ()) -> Verdict:
    """Look at the whole chain. `kept`: checkpoints from outside the database."""
    return check(audit.lines(session), [*audit.checkpoints(session), *kept], Seals(vault))


def check(lines: Iterable[Line], checkpoints: Sequence[Checkpoint], seals: Seals) -> Verdict:
    """Look at lines in order of their numbers, and at checkpoints."""
    verdict = Verdict(checkpoints=len(checkpoints))
    known: dict[int, set[bytes]] = {}
    for each in checkpoints:
        if _is_ours(each, seals):
            known.setdefault(each.count, set()).add(each.hash)
        else:
            verdict.findings.append(Finding(each.count, Wrong.FORGED))
    number, last = 0, BEGINNING
    for line in lines:
        verdict.lines += 1
        verdict.findings += [Finding(line.id, wrong) for wrong in _faults(line, number, last, seals)]
        if known.pop(line.id, {line.hash}) != {line.hash}:
            verdict.findings.append(Finding(line.id, Wrong.REWRITTEN))
        number, last = line.id, line.hash
    verdict.findings += [Finding(count, Wrong.CUT_OFF) for count in sorted(known) if count > number]
    return verdict


def _faults(line: Line, number: int, last: bytes, seals: Seals) -> Iterator[Wrong]:
    if not hmac.compare_digest(seals.of(line), line.hash):
        yield Wrong.EDITED
    if line.id > number + 1:
        yield Wrong.MISSING
    if line.id <= number or line.previous != last:
        yield Wrong.OUT_OF_PLACE


def _is_ours(checkpoint: Checkpoint, seals: Seals) -> bool:
    try:
        seals.check(checkpoint)
    except InvalidSignature:
        return False
    return True


def dump(checkpoint: Checkpoint) -> str:
    """A checkpoint as JSON, to be kept elsewhere. It holds nothing personal and no key."""
    return json.dumps(
        {
            "count": checkpoint.count,
            "at": checkpoint.at.isoformat(),
            "hash": checkpoint.hash.hex(),
            "signature": checkpoint.signature.hex(),
        },
        indent=1,
    )


def load(path: Path) -> Checkpoint:
    """Read what `dump` wrote. Raises NotFoundError when the file is not one."""
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
        return Checkpoint(
            int(raw["count"]),
            datetime.fromisoformat(raw["at"]),
            bytes.fromhex(raw["hash"]),
            bytes.fromhex(raw["signature"]),
        )
    except (OSError, ValueError, KeyError, TypeError):
        raise NotFoundError(f"{path} holds no checkpoint. Make one: outreach audit checkpoint FILE") from None
