"""The machine and the database: keys, migrations, clock, disk."""

from __future__ import annotations

import shutil
import stat
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.engine import make_url

from outreach.delivery import retention
from outreach.doctor.contract import Finding, fault, ok, told, warning
from outreach.privacy.tables import KeyProof
from outreach.workspace import Workspace

#: Between this machine's clock and the database's. Signatures and leases bear a minute; people's hours more.
APART = timedelta(seconds=5)

LITTLE_DISK = 1 << 30  # bytes
NO_DISK = 100 << 20

#: The nightly job may be late by so much before it is said.
LATE = timedelta(days=2)


def database(workspace: Workspace) -> Iterator[Finding]:
    """Opening the workspace has checked that it is reachable, migrated and bound to these keys."""
    with workspace.database.read() as session:
        masters = list(session.scalars(select(KeyProof.master)))
    kind = make_url(workspace.settings.database).get_backend_name()
    yield ok("database", f"{kind}, at this version's migrations")
    missing = sorted(set(masters) - set(workspace.vault.masters))
    if missing:
        remedy = "Bring the newest keyring from the machine where keys were rotated."
        yield fault("keys", f"master keys are missing here: {', '.join(missing)}", remedy)
    else:
        yield ok("keys", f"{len(masters)} master key{'' if len(masters) == 1 else 's'}, all of them in the keyring")


def keyring(workspace: Workspace) -> Iterator[Finding]:
    """Who may read the keys on this machine."""
    file = workspace.vault.file
    if file is None:
        yield warning(
            "keyring",
            "it comes from the environment: FORGET reaches backups only after `outreach keys rotate`",
            "Use OUTREACH_KEYRING_FILE if your platform can mount a writable file.",
        )
        return
    mode = stat.S_IMODE(file.stat().st_mode)
    if mode & 0o077:
        yield fault("keyring", f"others can read it (mode {mode:04o})", "chmod 600 on the keyring file.")
    elif workspace.folder.resolve() in file.resolve().parents:
        yield warning(
            "keyring",
            "it lies inside the workspace, so a copy of the workspace is a copy of the keys",
            "Move it elsewhere and set OUTREACH_KEYRING_FILE.",
        )
    else:
        yield ok("keyring", "a file of its own that only its owner can read")


def clock(workspace: Workspace) -> Iterator[Finding]:
    """This machine's clock against the database's, which guards look at."""
    before = datetime.now(UTC)
    theirs = workspace.database.now()
    after = datetime.now(UTC)
    apart = max(before - theirs, theirs - after, timedelta())
    seen = f"{apart.total_seconds():.1f} s from the database's"
    if apart > APART:
        yield fault("clock", seen, "Let both machines follow a time server (chrony, systemd-timesyncd).")
    else:
        yield ok("clock", seen)


def disk(workspace: Workspace) -> Iterator[Finding]:
    """Room where the embedded database lies; a server's disk is its own operator's."""
    url = make_url(workspace.settings.database)
    place = Path(url.database or ".").parent if url.get_backend_name() == "sqlite" else workspace.folder
    free = shutil.disk_usage(place).free
    seen = f"{free / (1 << 30):.1f} GiB free"
    if free < NO_DISK:
        yield fault("disk", seen, "Make room now: without it texts are refused and providers try again later.")
    elif free < LITTLE_DISK:
        yield warning("disk", seen, "Make room, or shorten OUTREACH_KEEP_EVENTS and OUTREACH_KEEP_ATTEMPTS.")
    else:
        yield ok("disk", seen)


#: What goes by its age alone.
_PLAIN = {retention.Kept.EVENTS, retention.Kept.ATTEMPTS, retention.Kept.IMPORTS}


def kept(workspace: Workspace) -> Iterator[Finding]:
    """The oldest row of each kind of data against how long it may be kept."""
    now = workspace.database.now()
    ages = retention.ages(workspace.settings)
    with workspace.database.read() as session:
        oldest = retention.oldest(session)
    for kind, since in oldest.items():
        if since is None:
            continue
        seen = f"oldest of {kind}: {told(now - since)}, kept {told(ages[kind])}"
        # Texts of a conversation that goes on are kept from its last word on.
        if now - since > ages[kind] + LATE and kind in _PLAIN:
            yield fault("retention", seen, "See that a beat and a worker run: the nightly job lets go of what is old.")
        else:
            yield ok("retention", seen)
