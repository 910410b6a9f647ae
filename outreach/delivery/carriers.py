"""The providers of one clinic, built once a process, and their senders as rows that all workers share."""

from __future__ import annotations

from sqlalchemy import case, delete, select, update
from sqlalchemy.orm import Session

from outreach.channels import registry
from outreach.channels.contract import Kind
from outreach.channels.registry import Providers
from outreach.delivery import tally
from outreach.errors import ConflictError, NotFoundError, SettingError
from outreach.messages.status import WAITING
from outreach.messages.tables import Message, Sender
from outreach.privacy import audit
from outreach.privacy.audit import Action
from outreach.store import dialects
from outreach.workspace import Workspace


def ack_key(workspace: Workspace) -> bytes:
    """The key behind the acknowledgements of pushes, 32 bytes."""
    return workspace.vault.derive("push-ack")


def build(workspace: Workspace) -> Providers:
    """The providers that the settings name. Raises SettingError."""
    return registry.build(
        workspace.settings.providers, public_url=workspace.settings.public_url, ack_key=ack_key(workspace)
    )


def enrol(session: Session, providers: Providers) -> None:
    """Write the senders down; pace and unit follow the settings, what is reserved stays.

    A sender that is no longer set up goes, and what waits for it is given to those that are.
    """
    at = dialects.now(session)
    for spec in providers.senders:
        row = {
            "name": spec.name,
            "provider": providers.by_sender(spec.name).name,
            "kind": spec.kind,
            "pace": spec.pace,
            "unit": spec.unit,
            "next_at": at,
            "halted_for": "",
        }
        upsert = dialects.insert(session, Sender).values(row)
        kept = ("provider", "kind", "pace", "unit")
        session.execute(
            upsert.on_conflict_do_update(index_elements=["name"], set_={name: upsert.excluded[name] for name in kept})
        )

    session.execute(delete(Sender).where(Sender.name.not_in([spec.name for spec in providers.senders])))
    for kind in Kind:
        hand_on(session, known(session, kind), kind)


def hand_on(session: Session, names: list[str], kind: Kind) -> None:
    """Give what waits for senders that are not among these to those that are."""
    if not names:
        return
    turn = case(dict(enumerate(names)), value=Message.person_id // STRIDE % len(names))
    homeless = (Message.state.in_(WAITING), Message.kind == kind, Message.sender.not_in(names))
    for gone in session.scalars(select(Message.sender).where(*homeless).distinct()).all():
        moved = update(Message).where(*homeless, Message.sender == gone).values(sender=turn)
        for there in tally.written(session, moved, kind=kind):
            left = there.cell._replace(sender=gone)
            tally.note(session, [there, tally.Change(left, -there.messages, -there.parts, -there.cost)])


def known(session: Session, kind: Kind) -> list[str]:
    """The names of the senders of a kind, in order; none where no provider of it is set up."""
    return list(session.scalars(select(Sender.name).where(Sender.kind == kind).order_by(Sender.name)))


def senders(session: Session, kind: Kind) -> list[str]:
    """The same, where there must be one for texts. Raises SettingError."""
    names = known(session, kind)
    if not names and kind is Kind.SMS:
        raise SettingError(
            "No provider for SMS is set up. Example: OUTREACH_PROVIDERS__TWILIO__ACCOUNT_SID=AC…, …__TOKEN, …__FROM"
        )
    return names


#: Ids made together differ by a fixed step (a person, her endpoint), which would leave some senders without anybody.
STRIDE = 16


def sender_for(names: list[str], person_id: int) -> str:
    """The sender a person hears from: always the same one, so that her phone shows one conversation."""
    return names[person_id // STRIDE % len(names)]


def release(workspace: Workspace, name: str, by: str) -> None:
    """Let a sender that was stopped try again now. Raises NotFoundError, ConflictError when it is not stopped."""
    with workspace.database.write() as session:
        sender = session.get(Sender, name, with_for_update=True)
        if sender is None:
            raise NotFoundError(f"There is no sender {name[:40]}.")
        if sender.halted_until is None or sender.halted_until <= dialects.now(session):
            raise ConflictError(f"{name} is not stopped.")
        sender.halted_until, sender.halted_for = None, ""
        audit.append(session, workspace.vault, by, Action.SENDER_RELEASED, f"sender:{name}")
