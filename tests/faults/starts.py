"""Rows of the fault table about the start and the disk: seen from the command line, and on a disk that is full."""

from __future__ import annotations

import csv
import hashlib
import os
import shutil
import subprocess
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path

from outreach.privacy.keyring import Keyring
from tests.faults.carrier import Ledger
from tests.faults.checker import secrets
from tests.faults.checker.records import Case, rows
from tests.faults.place import Land, number
from tests.faults.scene import Scene
from tests.processes import outreach

PEOPLE = 5


def _clinic(folder: Path) -> dict[str, str]:
    """A clinic that was set up by hand; gives the environment of its commands."""
    env = {"OUTREACH_KEYRING_FILE": str(folder / "keyring.json")}
    folder.mkdir()
    Keyring.new().save(folder / "keyring.json")
    assert outreach("init", folder=folder, env=env, timeout=600).returncode == 0
    table = folder / "people.csv"
    with table.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([["phone"], *([number(place)] for place in range(PEOPLE))])
    words = ("people", "import", str(table), "--topic", "tb", "--consent-source", "form")
    assert outreach(*words, folder=folder, env=env, timeout=600).returncode == 0
    return env


def _database(folder: Path) -> Path:
    return folder / ".outreach" / "outreach.db"


def key_missing_or_wrong(folder: Path) -> list[str]:
    """Refuses to start with the remedy; nothing is overwritten."""
    here, other = folder / "here", folder / "other"
    env, _ = _clinic(here), _clinic(other)
    before = hashlib.sha256(_database(here).read_bytes()).hexdigest()
    wrong = []
    for label, keyring in {"missing": folder / "nowhere.json", "wrong": other / "keyring.json"}.items():
        done = outreach("up", folder=here, env={**env, "OUTREACH_KEYRING_FILE": str(keyring)}, timeout=600)
        if done.returncode != 2 or "Traceback" in done.stderr or done.stderr.count("\n") != 1:
            wrong.append(f"key {label}: exit code {done.returncode}, {done.stderr.count(chr(10))} lines")
    if hashlib.sha256(_database(here).read_bytes()).hexdigest() != before:
        wrong.append("the database was written to")
    return wrong


def older_backup_restored(folder: Path) -> list[str]:
    """Whoever was forgotten since the backup cannot be read in it, and is forgotten again."""
    here = folder / "here"
    env = _clinic(here)
    shutil.copy(_database(here), folder / "backup.db")
    url = f"sqlite:///{_database(here)}"
    her = rows(url)["person"][0]
    steps = (("people", "forget", her["pseudonym"], "--yes"), ("audit", "verify"))
    refused = [words for words in steps if outreach(*words, folder=here, env=env, timeout=600).returncode]
    wrong = [f"{' '.join(words[:2])} did not end well" for words in refused]
    backup = rows(f"sqlite:///{folder / 'backup.db'}")
    for leftover in _database(here).parent.glob("outreach.db*"):
        leftover.unlink()
    shutil.copy(folder / "backup.db", _database(here))
    done = outreach("keys", "catch-up", folder=here, env=env, timeout=600)
    if done.returncode:
        wrong.append(f"catching up ended with {done.returncode}")
    now = rows(url)
    if next(row for row in now["person"] if row["id"] == her["id"])["state"] != "forgotten":
        wrong.append("14: she was not forgotten again")
    return wrong + list(secrets.forgotten(Case(now, backup=backup)))


def disk_full(folder: Path) -> list[str]:
    """No provider call without a committed claim; an inbound text is answered with an error, so that it comes again."""
    small = folder / "small"
    small.mkdir()
    if (
        os.geteuid()
        or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m", "none", small], check=False).returncode
    ):
        return []  # a disk of one's own can be mounted by root alone
    try:
        with closing(Land(small)) as land, land.place() as place:
            scene = Scene(place, Ledger(folder / "carrier.jsonl"), folder / "said.txt")
            scene.queue(30)
            _fill(small / "filler")
            scene.must("the claim fails", scene.do("drain") == 3)
            scene.must("nobody was called", not scene.calls())
            scene.must("the text is not taken", scene.do("text", [("IN1", number(5), "My arm hurts")]) == 3)
            (small / "filler").unlink()
            scene.must("the text comes again", scene.do("text", [("IN1", number(5), "My arm hurts")]) == 0)
            scene.do("drain", [5.0])
            scene.must("all of it went", len(scene.calls()) == 30)
            return scene.judged()
    finally:
        subprocess.run(["umount", "-l", small], check=False)


def _fill(path: Path) -> None:
    with path.open("wb", buffering=0) as file:
        try:
            while file.write(bytes(4096)):
                pass
        except OSError:
            return


STARTS: Mapping[str, Callable[[Path], list[str]]] = {
    "key missing or wrong at the start": key_missing_or_wrong,
    "an older backup is restored": older_backup_restored,
    "the disk is full": disk_full,
}
