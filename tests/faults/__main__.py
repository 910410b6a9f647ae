"""The fault bench: `make faults ARGS="--trials 10000 --broker redis"`. Prints tables; exit code 1 on any violation.

trials    crash trials on SQLite and PostgreSQL             (`trials`)
seeded    bugs that must be found, one guard removed each   (`seeded`)
"""

from __future__ import annotations

import argparse
import json
import math
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.faults import scenes, stages, trials
from tests.faults.carrier import Ledger
from tests.faults.jobs import warm_up
from tests.faults.place import Land
from tests.faults.seeded import BUGS
from tests.faults.starts import STARTS
from tests.namespaces import NotHereError

Results = dict[str, Any]


def main(words: Sequence[str] | None = None) -> int:
    """Run the parts that are asked for, tell what they found, keep it as JSON."""
    given = _parser().parse_args(words)
    results: Results = {"seed": given.seed, "violations": []}
    for name in given.parts or PARTS:
        results[name] = PARTS[name](given, results["violations"])
    given.results.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    for violation in results["violations"][:50]:
        _say(violation)
    _say(f"{len(results['violations'])} violations; all figures are in {given.results}")
    return 1 if results["violations"] else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__.splitlines()[0])
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], help=f"of: {', '.join(PARTS)}; all if none")
    parser.add_argument("--trials", type=int, default=400, help="crash trials on each database")
    parser.add_argument("--database", choices=["sqlite", "postgresql", "both"], default="both")
    parser.add_argument("--broker", choices=["redis", "rabbitmq", "both"], default="both")
    parser.add_argument("--stage", action="append", choices=[*stages.STAGES], help="only this one; may be repeated")
    parser.add_argument(
        "--away", type=float, default=10, help="seconds for which a broker is down (the long form: 300)"
    )
    parser.add_argument("--kills", type=int, default=4, help="workers that are killed (the long form: 100)")
    parser.add_argument("--bug", action="append", choices=[*BUGS], help="only this seeded bug; may be repeated")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--results", type=Path, default=Path("faults.json"))
    return parser


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _databases(given: argparse.Namespace) -> dict[str, str]:
    """Which databases, and where each one's server is."""
    postgres = os.environ.get("OUTREACH_TEST_POSTGRES_URL", "")
    if given.database != "sqlite" and not postgres:
        sys.exit("PostgreSQL is not there: run `make faults`, or say --database sqlite.")
    return {name: url for name, url in (("sqlite", ""), ("postgresql", postgres)) if given.database in {name, "both"}}


@contextmanager
def _land(server: str) -> Iterator[tuple[Land, Path]]:
    with tempfile.TemporaryDirectory(prefix="outreach-faults-") as name:
        land = Land(Path(name), server)
        try:
            yield land, Path(name)
        finally:
            land.close()


def _trials(given: argparse.Namespace, violations: list[str]) -> Results:
    """Crash trials, on each database."""
    found: Results = {}
    for database, server in _databases(given).items():
        began = time.monotonic()
        with _land(server) as (land, folder):
            total = trials.run(land, folder, given.trials, given.seed, tell=_progress(database, given.trials))
        seconds = time.monotonic() - began
        violations += [f"{database}: {each}" for each in total.violations]
        found[database] = total.figures() | {"seconds": round(seconds, 1)}
        _say(f"\n{database}: {total.trials} trials in {total.rounds} rounds, {seconds:.0f} s")
        _say(f"  {total.messages} messages, taken {total.sent} times; doubles {total.doubles}, losses {total.losses}")
        for what, count in sorted(total.struck.items()):
            _say(f"  {count:6}  {what}")
    return found


def _progress(database: str, aim: int) -> Callable[[trials.Tally], None]:
    def tell(so_far: trials.Tally) -> None:
        sys.stderr.write(f"\r{database}: {so_far.trials} of {aim} trials")

    return tell


def _seeded(given: argparse.Namespace, violations: list[str]) -> Results:
    """Each seeded bug on the first database that shows it. One that is not found is a violation of the bench's own."""
    found: Results = {}
    databases = _databases(given)
    for name, bug in BUGS.items():
        if (bug.only and bug.only not in databases) or (given.bug and name not in given.bug):
            continue
        database = bug.only or next(iter(databases))
        began = time.monotonic()
        with _land(databases[database]) as (land, folder):
            total = trials.run(land, folder, 300, given.seed, bug=bug.patch, stop_at_first=True, each=30)
        right = [each for each in total.violations if each.startswith(f"{bug.by}:")]
        found[name] = {"what": bug.what, "breaks": bug.by, "database": database, "trials": total.trials}
        found[name] |= {"caught": bool(right), "by": (right or total.violations or [""])[0]}
        if not right:
            violations.append(f"the bench did not find: {name} ({bug.what})")
        word = "caught" if right else "MISSED"
        _say(f"{word}  {name:24} invariant {bug.by:>2}, {total.trials} trials, {time.monotonic() - began:.0f} s")
    return found


def _scenes(given: argparse.Namespace, violations: list[str]) -> Results:
    """Each scene on each database."""
    found: Results = {}
    for database, server in _databases(given).items():
        with _land(server) as (land, folder):
            with land.place() as place:
                warm_up(place, Ledger(folder / "warm.jsonl"))
            for name in scenes.SCENES:
                wrong = scenes.play(land, folder, name)
                violations += [f"{database}, {name}: {each}" for each in wrong]
                found[f"{database}: {name}"] = wrong
                _say(f"{'holds' if not wrong else 'BROKEN'}  {database:10}  {name}")
    if "sqlite" in _databases(given):
        for name, start in STARTS.items():
            with tempfile.TemporaryDirectory(prefix="outreach-start-") as place:
                wrong = found[name] = start(Path(place))
            violations += [f"{name}: {each}" for each in wrong]
            _say(f"{'holds' if not wrong else 'BROKEN'}  sqlite      {name}")
    return found


BROKERS = {"redis": "OUTREACH_TEST_REDIS_URL", "rabbitmq": "OUTREACH_TEST_AMQP_URL"}


def _stages(given: argparse.Namespace, violations: list[str]) -> Results:
    """Each stage on PostgreSQL and each broker."""
    found: Results = {}
    if given.database == "sqlite":
        return found
    server = _databases(given)["postgresql"]
    for broker in [each for each in BROKERS if given.broker in {each, "both"}]:
        for name in given.stage or stages.STAGES:
            with tempfile.TemporaryDirectory(prefix="outreach-stage-", ignore_cleanup_errors=True) as folder:
                try:
                    here = os.environ[BROKERS[broker]]
                    wrong, measured = stages.play(Path(folder), server, here, name, given.away, given.kills)
                except NotHereError as lack:
                    found[f"{broker}: {name}"] = {"not_played": str(lack)}
                    _say(f"NOT PLAYED  {broker:6}  {name}: {lack}")
                    continue
            violations += [f"{broker}, {name}: {each}" for each in wrong]
            found[f"{broker}: {name}"] = {"wrong": wrong, "seconds": measured}
            _say(f"{'holds' if not wrong else 'BROKEN'}  {broker:10}  {name}")
            for each in wrong[:5]:
                _say(f"            {each}")
            for what, seconds in measured.items():
                p99 = sorted(seconds)[math.ceil(0.99 * len(seconds)) - 1]
                _say(f"            {what}: {len(seconds)} measured, p99 {p99:.1f} s, most {max(seconds):.1f} s")
    return found


PARTS: dict[str, Callable[[argparse.Namespace, list[str]], Results]] = {
    "scenes": _scenes,
    "stages": _stages,
    "seeded": _seeded,
    "trials": _trials,
}


if __name__ == "__main__":
    sys.exit(main())
