"""Known vulnerabilities in what requirements.lock names: `python -m tests.audit`.

pip-audit alone calls it a pass when the advisory service knows none of the packages, as happens behind a package
mirror or without a network. Here a pass says how many packages were looked up, and no look at all is told as such.
OUTREACH_AUDIT=required makes that a failure.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import Any

COMMAND = ("pip_audit", "-r", "requirements.lock", "--disable-pip", "--format", "json", "--progress-spinner", "off")
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


def main() -> int:
    """Run pip-audit over the lock and tell its verdict."""
    done = subprocess.run([sys.executable, "-m", *COMMAND], capture_output=True, text=True, check=False)
    try:
        packages = json.loads(done.stdout)["dependencies"]
    except (ValueError, KeyError):
        # It gives no JSON when the service fails half-way or the lock cannot be read: say why, never call it a pass.
        sys.stderr.write(done.stderr)
        packages = []
    line, code = verdict(packages, required=os.environ.get("OUTREACH_AUDIT") == "required")
    sys.stdout.write(f"{line}\n")
    return code


if __name__ == "__main__":
    sys.exit(main())
