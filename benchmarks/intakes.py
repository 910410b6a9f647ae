"""What a table costs that comes through a page: `python -m benchmarks.intakes`.

A real `outreach web` gets it over HTTP, shows what it would do and gets the yes; a worker's function, in a process of
its own, takes it in. Told: seconds, rows a second, CPU a row, and how much larger each process became.
Promised: the web process grows by less than 40 MB over what it is after its first pages, whatever the table's size.
"""

from __future__ import annotations

import argparse
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import httpx

from benchmarks.imports import _clinic, _csv
from outreach.staff import accounts, sessions
from outreach.staff.accounts import New
from outreach.staff.roles import Role
from outreach.staff.sessions import Way
from outreach.store import dialects
from outreach.workspace import open_workspace
from tests.processes import Program, free_port

GROWTH = 40  # MB
WORKER = """from outreach.audience import intakes
from outreach.workspace import open_workspace
intakes.carry_on(open_workspace())
import resource
print(f"worker: at most {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")
"""


def main() -> int:
    """Exit code 1 when the promise is not kept."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rows", type=int, default=100_000)
    options.add_argument("--database", default="", help="SQLAlchemy URL of an empty database")
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _csv(folder / "people.csv", chosen.rows)
        port = free_port()
        base = f"http://127.0.0.1:{port}"
        own = {"OUTREACH_PORT": str(port), "OUTREACH_PUBLIC_URL": base, "OUTREACH_WORKSPACE": str(folder)}
        env = {**_clinic(folder, chosen.database), **own}
        token = _signed_in(env)
        web = Program("web", folder=folder, env=env)
        try:
            grown = _through_the_page(web, base, token, folder / "people.csv")
        finally:
            web.process.terminate()
            web.process.wait()
        _taken_in(folder, env, chosen.rows)
    return int(grown > GROWTH)


def _signed_in(env: dict[str, str]) -> str:
    os.environ.update(env)
    clinic = open_workspace(Path(env["OUTREACH_WORKSPACE"]))
    with clinic.database.write() as session:
        accounts.add(session, clinic.vault, New("wanjiru", "Wanjiru", frozenset({Role.LAUNCHER})), "bench")
        token = sessions.begin(session, "wanjiru", Way.PASSWORD, dialects.now(session), whole=True)
    clinic.close()
    return token


def _through_the_page(web: Program, base: str, token: str, table: Path) -> float:
    with httpx.Client(base_url=base, timeout=600, headers={"Origin": base, "Accept": "text/html"}) as http:
        http.cookies.set("outreach", token)
        for _ in range(600):
            try:
                page = http.get("/people/import").text
                break
            except httpx.TransportError:
                time.sleep(0.1)
        _take(http, page, b"phone\n0712000071\n")  # what any first table loads
        before, started = _megabytes(web), time.monotonic()
        place = _take(http, page, table.read_bytes())
        sent = time.monotonic()
        looked = http.get(place)
        assert looked.status_code == 200, looked.status_code
        print(f"sent in {sent - started:.1f} s, looked at in {time.monotonic() - sent:.1f} s")
        csrf = _csrf(page)
        started = time.monotonic()
        assert http.post(place, data={"csrf": csrf}).status_code == 303
        print(f"the yes took {time.monotonic() - started:.2f} s")
        grown = _megabytes(web) - before
        print(f"web process: {before:.0f} MB, at most {grown:.0f} MB more")
        return grown


def _take(http: httpx.Client, page: str, table: bytes) -> str:
    form = {"csrf": _csrf(page), "topic": "tb", "source": "", "wording": "", "country": ""}
    sent = http.post("/people/import", data=form, files={"table": ("people.csv", table)})
    assert sent.status_code == 303, sent.status_code
    http.get(sent.headers["location"])
    return sent.headers["location"]


def _csrf(page: str) -> str:
    found = re.search(r'name="csrf" value="([^"]+)"', page)
    assert found
    return found.group(1)


def _megabytes(web: Program) -> float:
    """The most that a process has held so far."""
    told = Path(f"/proc/{web.process.pid}/status").read_text()
    found = re.search(r"VmHWM:\s+(\d+) kB", told)
    assert found
    return int(found.group(1)) / 1024


def _taken_in(folder: Path, env: dict[str, str], rows: int) -> None:
    root = str(Path(__file__).parents[1])
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    everything = {**os.environ, "PYTHONPATH": root, **env}
    subprocess.run([sys.executable, "-c", WORKER], cwd=folder, env=everything, check=True)
    seconds, after = time.monotonic() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print(f"worker: {rows / seconds:.0f} rows/s, {1000 * cpu / rows:.2f} ms CPU a row")


if __name__ == "__main__":
    sys.exit(main())
