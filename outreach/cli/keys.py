"""`outreach keys`: change the master key, and bring a keyring up to date with who was forgotten."""

from __future__ import annotations

from typing import Annotated

import typer

from outreach.cli.progress import progress
from outreach.cli.terminal import confirm, facts, many, opened, say, staff
from outreach.errors import SettingError
from outreach.privacy import rotation
from outreach.privacy.rotation import Rotated
from outreach.privacy.vault import Vault
from outreach.threads import forgetting
from outreach.workspace import Workspace

app = typer.Typer(help="Keys: change them, and keep them up to date with who was forgotten.", no_args_is_help=True)

AsJson = Annotated[bool, typer.Option("--json", help="Print facts as JSON.")]


@app.command()
def rotate(
    *,
    prepare: Annotated[bool, typer.Option("--prepare", help="Only make the new key; nothing uses it yet.")] = False,
    finish: Annotated[bool, typer.Option("--finish", help="Also destroy the old key, at the end.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Change the master key while everything runs: make a new one, wrap everybody's key by it, destroy the old one.

    One machine, or one keyring file for all: `rotate --finish` does all of it. Several machines with copies of the
    keyring: `rotate --prepare`, `rotate`, `rotate --finish`, and after each of them bring the keyring to every machine.
    With OUTREACH_KEYRING each step prints what to set. Broken off, it goes on where it was. Backups from before open no
    more once the old key is destroyed: make one right after. The key of the index stays: people are found by it.
    """
    with opened() as workspace:
        if finish:
            confirm("Destroy the old key, and with it every backup made until now?", yes=yes)
        forgetting.catch_up(workspace)
        ready = rotation.prepare(workspace.vault)
        if prepare or ready.by_hand:
            _tell(ready, "A new key is ready; nothing uses it yet. When every machine has it: outreach keys rotate")
            return
        done = _use(workspace, ready.vault)
        if finish and done.by_hand:
            say("Then, when every machine has it: outreach keys rotate --finish")
        elif finish:
            _finish(workspace, done.vault)


def _use(workspace: Workspace, vault: Vault) -> Rotated:
    with progress("Wrapping keys", hidden=False) as tell:
        done = rotation.use(workspace.database, vault, staff(), tell)
    _tell(done, f"{many(done.wrapped, 'key')} wrapped by {done.vault.current}.")
    return done


def _finish(workspace: Workspace, vault: Vault) -> None:
    _tell(rotation.finish(workspace.database, vault, staff()), "The old key is destroyed. Make a backup now.")


def _tell(done: Rotated, what: str) -> None:
    say(what)
    if done.by_hand:
        say("Set this as OUTREACH_KEYRING on every machine, and start everything again. It is secret:")
        typer.echo(" ".join(done.vault.keyring.dump().split()))


@app.command()
def catch_up(*, as_json: AsJson = False) -> None:
    """Cut out of this machine's keyring whoever was forgotten, and forget again whom a restored backup brought back.

    Every process does so when it starts, and workers once a day. A machine with a copy of the keyring of its own and no
    worker needs it daily.
    """
    with opened() as workspace:
        caught = forgetting.catch_up(workspace)
    if as_json:
        facts(caught)
        return
    say(f"{caught.cut} cut out of this keyring, {caught.again} forgotten again after a restored backup.")
    if caught.pending:
        raise SettingError(
            f"{many(caught.pending, 'forgotten person', 'forgotten people')} can still be read in old backups with "
            "this keyring, which cannot be changed from here. Run: outreach keys rotate"
        )
