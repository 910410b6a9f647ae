"""`outreach send-test`: one message of a campaign to a staff phone, by the way that every message goes."""

from __future__ import annotations

from typing import Annotated

import typer

from outreach.audience import phone
from outreach.audience.phone import REMEDIES, PhoneRefusal
from outreach.audience.tables import Openness
from outreach.campaigns import trial
from outreach.campaigns.trial import Trial
from outreach.cli.terminal import confirm, opened, say, staff
from outreach.settings import Settings


def send_test(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The campaign.")],
    to: Annotated[str, typer.Option("--to", metavar="+…", help="The phone; it need not be in the clinic.")],
    step: Annotated[str, typer.Option(metavar="ID", help="Which message; else the first.")] = "",
    language: Annotated[str, typer.Option(help="In which language; else the campaign's.")] = "",
    open_: Annotated[bool, typer.Option("--open", help="The open wording instead of the covert one.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Send one message of a campaign to a staff phone. A phone that said STOP gets none."""
    wanted = Trial(name, step, language, Openness.OPEN if open_ else Openness.COVERT)
    with opened() as workspace:
        number = _number(to, workspace.settings)
        confirm(f"Send one text of {name} to that phone?", yes=yes)
        queued = trial.send(workspace, wanted, number, staff())
    say(f"Step {queued.step} is in the queue for the phone that goes by {queued.pseudonym}:\n")
    say(queued.text)
    say("\nIt goes out within seconds while a worker runs (outreach up).")


def _number(written: str, settings: Settings) -> str:
    read = phone.read(written, settings.country)
    if isinstance(read, PhoneRefusal):
        raise typer.BadParameter(REMEDIES[read], param_hint="--to")
    return read.number
