"""What the audit says: found, not found, and not looked."""

from __future__ import annotations

from typing import Any

import pytest

from tests.audit import UNREACHED, pages_verdict, verdict

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


def report(**packages: dict[str, Any]) -> dict[str, Any]:
    """What `npm audit --json` says of 31 packages."""
    counts = {"prod": 5, "dev": 26, "optional": 26, "total": 31}
    return {"auditReportVersion": 2, "vulnerabilities": packages, "metadata": {"dependencies": counts}}


ADVISORY = {
    "source": 1100001,
    "name": "chart",
    "title": "A page can be made to run a stranger's script",
    "url": "https://advisories.example/GHSA-aaaa-bbbb-cccc",
    "severity": "low",
    "range": "<1.6.33",
}
CHART = {"name": "chart", "severity": "low", "via": [ADVISORY], "range": "<1.6.33", "fixAvailable": True}
SLIGHT = "chart <1.6.33: GHSA-aaaa-bbbb-cccc, mended in a newer one"
BUILDER = {
    "name": "builder",
    "via": ["chart"],
    "range": "1.0.0 - 2.1.0",
    "fixAvailable": {"name": "builder", "version": "3.0.0", "isSemVerMajor": True},
}
UNMENDED = {"name": "chart", "via": [ADVISORY], "range": "*", "fixAvailable": False}
REFUSED = {"message": "405 Method Not Allowed", "statusCode": 405, "body": "", "error": {"summary": "", "detail": ""}}
OFFLINE = {"error": {"code": "ENOTFOUND", "summary": "no network", "detail": ""}}

PAGES: list[tuple[str, dict[str, Any], bool, str, int]] = [
    ("all sound", report(), True, "AUDITED: 31 packages, no known vulnerability", 0),
    (
        "a flaw, however slight",
        report(chart=CHART),
        False,
        f"VULNERABLE:\n{SLIGHT}",
        1,
    ),
    (
        "a package that needs it",
        report(chart=CHART, builder=BUILDER),
        False,
        f"VULNERABLE:\nbuilder 1.0.0 - 2.1.0: needs chart, mended in builder 3.0.0\n{SLIGHT}",
        1,
    ),
    (
        "one that nothing mends",
        report(chart=UNMENDED),
        False,
        "VULNERABLE:\nchart <1.6.33: GHSA-aaaa-bbbb-cccc, mended in ?",
        1,
    ),
    (
        "one without a cause",
        report(chart={"via": [], "range": "*"}),
        False,
        "VULNERABLE:\nchart *: needs ?, mended in ?",
        1,
    ),
    ("refused by a mirror", REFUSED, False, UNREACHED, 0),
    ("refused by a mirror, required", REFUSED, True, UNREACHED, 1),
    ("no network, required", OFFLINE, True, UNREACHED, 1),
    ("nothing counted", {"vulnerabilities": {}, "metadata": {}}, True, UNREACHED, 1),
    ("no answer at all", {}, False, UNREACHED, 0),
]


@pytest.mark.parametrize(("answer", "required", "says", "code"), [c[1:] for c in PAGES], ids=[c[0] for c in PAGES])
def test_what_the_pages_load_is_judged_alike(answer: dict[str, Any], required: bool, says: str, code: int) -> None:
    assert pages_verdict(answer, required=required) == (says, code)
