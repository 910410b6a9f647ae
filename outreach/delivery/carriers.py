"""The providers of one clinic, built once a process, and their senders as rows that all workers share."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from outreach.channels import registry
from outreach.channels.contract import Kind
from outreach.channels.registry import Providers
from outreach.errors import SettingError
from outreach.messages.tables import Sender
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
    """Write the senders down; pace and unit follow the settings, what is reserved stays."""
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


def senders(session: Session, kind: Kind) -> list[str]:
    """The names of the senders of a kind, in order. Raises SettingError when there is none for texts."""
    names = list(session.scalars(select(Sender.name).where(Sender.kind == kind).order_by(Sender.name)))
    if not names and kind is Kind.SMS:
        raise SettingError(
            "No provider for SMS is set up. Example: OUTREACH_PROVIDERS__TWILIO__ACCOUNT_SID=AC…, …__TOKEN, …__FROM"
        )
    return names


def sender_for(names: list[str], person_id: int) -> str:
    """The sender a person hears from: always the same one, so that her phone shows one conversation."""
    return names[person_id % len(names)]
