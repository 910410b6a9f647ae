"""What the audit says: found, not found, and not looked."""

from __future__ import annotations

from typing import Any

import pytest

from tests.audit import UNREACHED, verdict

SOUND = {"name": "sound", "version": "1", "vulns": []}
FLAWED = {"name": "flawed", "version": "2", "vulns": [{"id": "PYSEC-1", "fix_versions": ["3"]}]}
UNKNOWN = {"name": "unknown", "skip_reason": "not found"}

CASES: list[tuple[str, list[dict[str, Any]], bool, str, int]] = [
    ("all looked up", [SOUND], False, "AUDITED: 1 packages, no known vulnerability", 0),
    ("a flaw", [SOUND, FLAWED], False, "VULNERABLE:\nflawed 2: PYSEC-1, mended in 3", 1),
    ("a flaw among the unknown", [UNKNOWN, FLAWED], False, "VULNERABLE:\nflawed 2: PYSEC-1, mended in 3", 1),
    ("none looked up", [UNKNOWN], False, UNREACHED, 0),
    ("none looked up, required", [UNKNOWN], True, UNREACHED, 1),
    ("no answer at all, required", [], True, UNREACHED, 1),
    ("some looked up", [SOUND, UNKNOWN], False, "AUDITED IN PART: 1 of 2, without unknown", 0),
    ("some looked up, required", [SOUND, UNKNOWN], True, "AUDITED IN PART: 1 of 2, without unknown", 1),
]


@pytest.mark.parametrize(("packages", "required", "says", "code"), [c[1:] for c in CASES], ids=[c[0] for c in CASES])
def test_a_skipped_audit_is_never_called_a_pass(
    packages: list[dict[str, Any]], required: bool, says: str, code: int
) -> None:
    assert verdict(packages, required=required) == (says, code)
