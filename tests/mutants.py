"""Mutation testing of what guards people: `make mutants`, whole (hours), by name, or a sample of each package.

    make mutants                                  all of them; goes on where it was stopped
    make mutants ARGS="outreach.consent*"         these
    make mutants ARGS="--sample 150 --seed 1"     so many of each package, chosen by chance

mutmut makes the mutants and runs the tests that come there. This chooses, counts and lists: for each package how many
were noticed, how many survived, how many no test comes to; the score with its 95 % interval; each survivor's diff. What
was noticed once is not asked again until its function changes (`rm -rf mutants` forgets all); what survived is.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from fnmatch import fnmatch
from pathlib import Path

PLACE = Path("mutants")
PACKAGES = ("consent", "delivery", "privacy", "threads")
MUTMUT = str(Path(sys.executable).with_name("mutmut"))

NOBODY = "nobody"  # no mutant has this name: mutmut makes them all, learns which test comes where, and stops
NO_TEST = (5, 33)
AN_INTERVAL = 1.96  # standard deviations that hold 95 %


def main(words: Sequence[str] | None = None) -> int:
    """Make mutants, run those that are asked for, tell; 1 when mutmut cannot."""
    given = _parser().parse_args(words)
    if code := _mutmut("run", "--max-children", str(given.children), NOBODY, expect=NOBODY):
        return code
    chosen = choose(verdicts(), given.names, given.sample, given.seed)
    known = verdicts()
    asked = [name for name in chosen if known[name] in {None, 0, *NO_TEST}]
    if asked and (code := _mutmut("run", "--max-children", str(given.children), *asked)):
        return code
    known = verdicts()
    for package, names in _by_package(chosen).items():
        _say(line(package, [known[name] for name in names]))
    for name in [name for name in chosen if known[name] == 0]:
        _say(_diff(name))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="make mutants", description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", default=["*"], help="patterns of mutants; all if none")
    parser.add_argument("--sample", type=int, help="so many of each package")
    parser.add_argument("--seed", type=int, default=1, help="another seed is another sample")
    parser.add_argument("--children", type=int, default=1, help="how many are tried at once")
    return parser


def verdicts() -> dict[str, int | None]:
    """What each mutant came to: the exit code of its tests, None while nobody has tried."""
    found: dict[str, int | None] = {}
    for file in sorted(PLACE.rglob("*.meta")):
        found |= json.loads(file.read_text(encoding="utf-8"))["exit_code_by_key"]
    return found


def choose(known: Mapping[str, object], patterns: Sequence[str], sample: int | None, seed: int) -> list[str]:
    """The mutants that match a pattern, or so many of each package among them; the same for the same seed."""
    fit = sorted(name for name in known if any(fnmatch(name, pattern) for pattern in patterns))
    if sample is None:
        return fit
    return [
        name
        for package, names in _by_package(fit).items()
        for name in random.Random(f"{seed} {package}").sample(names, min(sample, len(names)))
    ]


def _by_package(names: Sequence[str]) -> dict[str, list[str]]:
    found = {package: [name for name in names if name.startswith(f"outreach.{package}.")] for package in PACKAGES}
    return {package: members for package, members in found.items() if members}


def line(package: str, codes: Sequence[int | None]) -> str:
    """One package's figures. What no test comes to counts as not noticed, like a survivor."""
    count = Counter("survived" if code == 0 else "without" if code in NO_TEST else "noticed" for code in codes)
    low, high = interval(count["noticed"], len(codes))
    return (
        f"{package:9} {len(codes):5} tried  {count['noticed']:5} noticed  {count['survived']:4} survived  "
        f"{count['without']:4} without a test   {count['noticed'] / len(codes):.1%} (95 %: {low:.1%} to {high:.1%})"
    )


def interval(hits: int, tries: int) -> tuple[float, float]:
    """Between what the true share lies, 19 times of 20, after so many hits (Wilson's score interval)."""
    share, z = hits / tries, AN_INTERVAL**2 / tries
    middle = share + z / 2
    reach = AN_INTERVAL * math.sqrt(share * (1 - share) / tries + z / (4 * tries))
    return (middle - reach) / (1 + z), (middle + reach) / (1 + z)


def _diff(name: str) -> str:
    return subprocess.run([MUTMUT, "show", name], capture_output=True, text=True, check=True).stdout


def _mutmut(*words: str, expect: str = "") -> int:
    """Run mutmut; gives its exit code, 0 if it ended because nothing matches `expect`."""
    done = subprocess.run([MUTMUT, *words], stderr=subprocess.PIPE, text=True, check=False)
    if expect and f"Filter: ('{expect}',)" in done.stderr:
        return 0
    sys.stderr.write(done.stderr)
    return done.returncode


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
