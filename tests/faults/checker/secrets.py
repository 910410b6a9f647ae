"""Invariants 12 to 14: what nobody may read, what nobody may rewrite, and whom nobody can find any more."""

from __future__ import annotations

from collections.abc import Iterator

from tests.faults.checker.records import Case


def unseen(case: Case) -> Iterator[str]:
    """12: no planted number, name or phrase in logs, broker, URLs, metrics, exports, pages."""
    for name, content in case.artefacts:
        for place, canary in enumerate(case.canaries):
            if canary.encode() in content:
                yield f"12: canary {place} stands in {name}"


def chained(case: Case) -> Iterator[str]:
    """13: the record of what staff did has no gap and each line follows the one before it.

    Whether a line says what was sealed needs the key: `outreach audit verify` is asked for that as a black box.
    """
    previous = bytes(32)
    for number, row in enumerate(sorted(case.rows["audit"], key=lambda row: row["id"]), 1):
        if row["id"] != number:
            yield f"13: line {number} is missing before line {row['id']}"
            return
        if bytes(row["previous"]) != previous:
            yield f"13: line {number} does not follow the line before it"
        previous = bytes(row["hash"])


def forgotten(case: Case) -> Iterator[str]:
    """14: of a forgotten person there is no key, no endpoint and no text; and a backup has other keys than the clinic.

    That a backup's key does not open any more needs the keyring: see the case of the restored backup.
    """
    gone = {row["id"] for row in case.rows["person"] if row["state"] == "forgotten"}
    for table in ("person_key", "endpoint"):
        for row in case.rows[table]:
            if row["person_id"] in gone:
                yield f"14: {table} of a forgotten person ({row['person_id']}) is still there"
    for row in case.rows["message"]:
        if row["person_id"] in gone and row["body"] is not None:
            yield f"14: a text of a forgotten person (message {row['id']}) is still there"
        if row["person_id"] in gone and row["state"] in {"planned", "queued"}:
            yield f"14: message {row['id']} still waits for a forgotten person"
    for row in case.backup.get("person_key", ()):
        now = {each["person_id"]: bytes(each["wrapped"]) for each in case.rows["person_key"]}
        if row["person_id"] in gone and now.get(row["person_id"]) == bytes(row["wrapped"]):
            yield f"14: the key of a forgotten person ({row['person_id']}) is the one of the backup"
