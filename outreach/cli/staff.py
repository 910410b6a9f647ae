"""`outreach staff`: who may sign in, from the command line; the console has a page for it."""

from __future__ import annotations

import json
from typing import Annotated

import typer
from rich.table import Table

from outreach.audience import phone as numbers
from outreach.cli.terminal import confirm, console, opened, say, staff
from outreach.errors import ConflictError
from outreach.settings import Settings
from outreach.staff import accounts, links
from outreach.staff.accounts import Member, New
from outreach.staff.roles import Role

app = typer.Typer(help="Staff: who may sign in, and as what.", no_args_is_help=True)

AsJson = Annotated[bool, typer.Option("--json", help="Print facts as JSON.")]
Name = Annotated[str, typer.Argument(help="The staff name, as in the list.")]
Roles = Annotated[list[Role], typer.Option("--role", help="What they are here for; may be said several times.")]


@app.command()
def add(
    name: Annotated[str, typer.Argument(help="A short name, for good: it stands in the record of what staff did.")],
    role: Roles,
    *,
    full: Annotated[str, typer.Option("--full", help="The name that other staff read.")] = "",
    phone: Annotated[str, typer.Option(help="A phone to be called on; kept sealed. `-` asks for it.")] = "",
    as_json: AsJson = False,
) -> None:
    """Add somebody, and print the one-time link by which they sign in and choose a password."""
    given = typer.prompt("Phone", hide_input=True) if phone == "-" else phone
    with opened() as workspace:
        new = New(name, full, frozenset(role), phone=_number(given, workspace.settings))
        with workspace.database.write() as session:
            accounts.add(session, workspace.vault, new, staff())
            code = links.issue(session, workspace.vault, name, staff())
        _tell(name, links.address(workspace.settings.public_url, code), as_json=as_json)


def _number(given: str, settings: Settings) -> str:
    if not given:
        return ""
    read = numbers.read(given, settings.country)
    if isinstance(read, numbers.PhoneRefusal):
        raise ConflictError(f"The phone cannot be used. {numbers.REMEDIES[read]}")
    return read.number


@app.command()
def link(name: Name, *, as_json: AsJson = False) -> None:
    """Print a new one-time sign-in link for somebody: the first time, or when the password is lost."""
    with opened() as workspace:
        with workspace.database.write() as session:
            code = links.issue(session, workspace.vault, name, staff())
        _tell(name, links.address(workspace.settings.public_url, code), as_json=as_json)


def _tell(name: str, address: str, *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps({"name": name, "link": address}))
        return
    say(f"Hand this link to {name}, by a way that only {name} reads. It works once, within a day:")
    say(f"  {address}")


@app.command("list")
def list_(*, as_json: AsJson = False) -> None:
    """Staff and what each may do."""
    with opened() as workspace, workspace.database.read() as session:
        found = accounts.everybody(session)
    if as_json:
        typer.echo(json.dumps([_facts(each) for each in found], indent=1, ensure_ascii=False))
    elif not found:
        say("Nobody yet. Add the first: outreach staff add NAME --role admin")
    else:
        console().print(_table(found))


def _facts(member: Member) -> dict[str, object]:
    return {
        "name": member.name,
        "display_name": member.display_name,
        "roles": sorted(member.roles),
        "state": member.state,
        "language": member.language,
        "phone": member.has_phone,
        "password": member.has_password,
        "second_factor": member.has_totp,
    }


def _table(found: list[Member]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    for heading in ("name", "called", "roles", "state", "phone"):
        table.add_column(heading, overflow="fold")
    for each in found:
        roles = ", ".join(role for role in Role if role in each.roles)
        table.add_row(each.name, each.display_name, roles, each.state, "kept" if each.has_phone else "")
    return table


@app.command()
def roles(name: Name, role: Roles, *, as_json: AsJson = False) -> None:
    """Say anew what somebody may do."""
    with opened() as workspace, workspace.database.write() as session:
        accounts.set_roles(session, workspace.vault, name, role, staff())
        _say(accounts.find(session, name), as_json=as_json)


@app.command()
def suspend(
    name: Name, *, yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False, as_json: AsJson = False
) -> None:
    """Let somebody in no more; wherever they are signed in, it ends now."""
    confirm(f"Suspend {name}?", yes=yes)
    with opened() as workspace, workspace.database.write() as session:
        accounts.suspend(session, workspace.vault, name, staff())
        _say(accounts.find(session, name), as_json=as_json)


@app.command()
def restore(name: Name, *, as_json: AsJson = False) -> None:
    """Let somebody in again."""
    with opened() as workspace, workspace.database.write() as session:
        accounts.restore(session, workspace.vault, name, staff())
        _say(accounts.find(session, name), as_json=as_json)


def _say(member: Member, *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(_facts(member), ensure_ascii=False))
    else:
        roles_ = ", ".join(role for role in Role if role in member.roles)
        say(f"{member.name} is {member.state}: {roles_}.")
