"""`outreach people proof` and `wording`: what somebody agreed to, word for word."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from outreach.cli.terminal import console, facts, moment, opened, say, staff
from outreach.consent import wordings
from outreach.errors import ConflictError
from outreach.privacy import audit
from outreach.privacy.audit import Action
from outreach.store import dialects
from outreach.threads import proof
from outreach.threads.proof import Proof

AsJson = Annotated[bool, typer.Option("--json", help="Print it as JSON.")]


def prove(
    pseudonym: Annotated[str, typer.Argument(help="Who: azure-heron-42.")],
    as_json: AsJson = False,
) -> None:
    """What a person agreed to: topic, exact words and version, when, by which channel. The record keeps who asked."""
    with opened() as clinic:
        made = proof.prove(clinic, pseudonym, staff())
        zone = clinic.settings.zone
    if as_json:
        facts(made)
    else:
        _show(made, zone)


def wording(
    version: Annotated[str, typer.Argument(help="The name by which imports tell of it: 'form-7 2026-03'.")],
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="The words of the form, as UTF-8 text.")],
) -> None:
    """Keep the words of a consent form under the name of its version, so that a proof can show them."""
    try:
        words = file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise ConflictError(f"{file} is not UTF-8 text. Save it as UTF-8.") from None
    with opened() as clinic, clinic.database.write() as session:
        wordings.enter(session, version, words, dialects.now(session))
        audit.append(session, clinic.vault, staff(), Action.WORDING_ENTERED, "wording", version)
    say(f"Kept. Name it when you import: --wording '{version}'")


def _show(made: Proof, zone: str) -> None:
    say(f"{made.pseudonym}, as of {moment(made.made_at, zone)}")
    lines = Table("when", "topic", "what", "known by", "evidence", "version of the words", box=None, pad_edge=False)
    for line in made.lines:
        until = f" until {moment(line.until, zone)}" if line.until else ""
        lines.add_row(
            moment(line.at, zone), line.topic, line.state + until, line.channel, line.evidence, line.version or "-"
        )
    console().print(lines)
    for version, words in {line.version: line.words for line in made.lines if line.words}.items():
        say(f"\n{version}:\n  {words}")
    if made.texts:
        say("\nWhat we sent about it:")
    for text in made.texts:
        sent = f"{moment(text.at, zone)}  {text.what} by {text.channel}, message {text.id}, {text.state}"
        say(f"{sent}, {text.provider} {text.provider_id}".rstrip(", ") + f"\n  {text.words}")
