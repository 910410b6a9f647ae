"""`outreach campaign propose|approve|decline|withdraw`: two pairs of eyes before a launch."""

from __future__ import annotations

from typing import Annotated

import typer

from outreach.campaigns import approvals
from outreach.cli.terminal import opened, say, staff

Name = Annotated[str, typer.Argument(metavar="NAME", help="The campaign: its file's name without .yaml.")]
Who = Annotated[str, typer.Option("--as", metavar="NAME", help="Who does it; else the name of the system's user.")]
Why = Annotated[str, typer.Option("--why", metavar="REASON", help="Why; kept sealed in the record.")]


def propose(name: Name, *, who: Who = "") -> None:
    """Propose a campaign as its files stand now: somebody else approves exactly that."""
    with opened() as workspace:
        approvals.propose(workspace, name, who or staff())
    say(f"{name} is proposed. Somebody else says yes or no: outreach campaign approve|decline {name}")


def approve(name: Name, *, who: Who = "") -> None:
    """Approve what somebody else proposed. It can be launched as long as its files stay the same."""
    with opened() as workspace:
        done = approvals.approve(workspace, name, who or staff())
    say(f"{name}, proposed by {done.proposed_by}, is approved. Launch it: outreach campaign launch {name}")


def decline(name: Name, *, why: Why, who: Who = "") -> None:
    """Say no to what was proposed, and why."""
    with opened() as workspace:
        done = approvals.decline(workspace, name, who or staff(), why)
    say(f"{name}, proposed by {done.proposed_by}, is declined.")


def withdraw(name: Name, *, why: Why, who: Who = "") -> None:
    """Take back a proposal, or an approval that was not used yet, and say why."""
    with opened() as workspace:
        approvals.withdraw(workspace, name, who or staff(), why)
    say(f"{name} is withdrawn: before a launch it has to be proposed again.")
