"""What providers say later: kept as it came, then only lawful moves.

The same word twice, late or early changes nothing wrongly.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, select, tuple_, update
from sqlalchemy.orm import Session

from outreach import consent
from outreach.channels.contract import Carried, Cause, Kind, Receipt
from outreach.delivery import quarantine
from outreach.delivery.consequences import AT_RECEIPT, Sequel
from outreach.delivery.moves import Move, advance
from outreach.delivery.quarantine import Doubt
from outreach.delivery.results import drop_endpoint, hold
from outreach.messages.status import CARRIED_TO
from outreach.messages.tables import Message, ProviderEvent
from outreach.store import dialects

#: Why an event could not be applied.
UNKNOWN_STATUS = "unknown_status"
UNKNOWN_MESSAGE = "unknown_message"
OTHER_ID = "other_id"  # our message has another id at the provider
OVERTAKEN = "overtaken"  # we know better already

#: How long an event without a message is tried again.
PATIENCE = timedelta(hours=24)


def keep(session: Session, receipts: Sequence[Receipt]) -> int:
    """Keep events and apply them, in the caller's transaction. Gives the number of events that were new.

    An event that is told again and could not be applied before gets another chance.
    """
    at = dialects.now(session)
    told = {(each.provider, each.event_key): each for each in receipts}
    fresh = _write_down(session, told, at)
    again = [told[key] for key in told.keys() - fresh.keys()]
    apply(session, [*fresh.values(), *_take_up(session, again)], at)
    return len(fresh)


def _write_down(
    session: Session, told: Mapping[tuple[str, str], Receipt], at: datetime
) -> dict[tuple[str, str], Receipt]:
    """Those that were not known. In order of their keys, so that two processes with the same events never embrace."""
    rows = [
        {
            "provider": receipt.provider,
            "event_key": receipt.event_key,
            "provider_id": receipt.provider_id,
            "message_id": receipt.message_id,
            "status": receipt.status[:40],
            "carried": receipt.carried or "",
            "cause": receipt.cause or "",
            "code": receipt.code[:40],
            "received_at": at,
            "parked": "",
        }
        for _, receipt in sorted(told.items())
    ]
    keys = dialects.add_rows(session, ProviderEvent, rows, (ProviderEvent.provider, ProviderEvent.event_key))
    return {(provider, event_key): told[provider, event_key] for provider, event_key in keys}


def _take_up(session: Session, receipts: Sequence[Receipt]) -> list[Receipt]:
    """Those that are parked, taken from there. Many are told twice; few of them are parked."""
    if not receipts:
        return []
    statement = (
        update(ProviderEvent)
        .where(_events(receipts), ProviderEvent.parked.in_([UNKNOWN_MESSAGE, OVERTAKEN]))
        .values(parked="")
        .returning(ProviderEvent.provider, ProviderEvent.event_key)
    )
    found = session.execute(statement, execution_options={"synchronize_session": False})
    keys = {tuple(key) for key in found}
    return [receipt for receipt in receipts if (receipt.provider, receipt.event_key) in keys]


def _events(receipts: Sequence[Receipt]) -> ColumnElement[bool]:
    return tuple_(ProviderEvent.provider, ProviderEvent.event_key).in_(
        [(receipt.provider, receipt.event_key) for receipt in receipts]
    )


def apply(session: Session, receipts: Sequence[Receipt], at: datetime) -> int:
    """Apply events that are written down; what cannot be applied is parked with a reason.

    Gives how many moved a message.
    """
    targets = _targets(session, receipts)
    if _hold_opted_out(session, receipts, targets):
        at = dialects.now(session)  # a claim that had one of them before us is older than her STOP
    parked: dict[str, list[Receipt]] = {}
    moves: list[Move] = []
    meant: list[tuple[Receipt, int]] = []
    for receipt in receipts:
        problem, target = _aim(receipt, targets)
        if problem:
            parked.setdefault(problem, []).append(receipt)
            continue
        meant.append((receipt, target))
        moves.append(_move(receipt, target))
    moved = advance(session, moves, at)
    parked[OVERTAKEN] = [receipt for receipt, target in meant if target not in moved]
    _park(session, parked)
    there = [target for receipt, target in meant if target in moved and receipt.carried is Carried.DELIVERED]
    quarantine.arrived(session, there, at)
    _sequels(session, [(receipt, target) for receipt, target in meant if target in moved], at)
    return len(moved)


Targets = tuple[dict[int, tuple[str | None, str | None]], dict[tuple[str, str], int]]


def _targets(session: Session, receipts: Sequence[Receipt]) -> Targets:
    """The messages that are meant: by our id, and by the provider's, which is looked for where ours does not settle it.

    An id of the provider's is one message's only: where ours has it already, no other can.
    """
    by_id: dict[int, tuple[str | None, str | None]] = {}
    by_provider_id: dict[tuple[str, str], int] = {}
    if ours := [receipt.message_id for receipt in receipts if receipt.message_id]:
        for row in session.connection().execute(_SEEN.where(dialects.among(session, _MESSAGE.id, ours))):
            by_id[row.id] = (row.provider, row.provider_id)
    open_ = [each for each in receipts if each.provider_id and not _is_settled(each, by_id)]
    for provider in sorted({each.provider for each in open_}):  # named: it is the first column of their index
        theirs = [each.provider_id for each in open_ if each.provider == provider]
        among = dialects.among(session, _MESSAGE.provider_id, theirs)
        for row in session.connection().execute(_SEEN.where(_MESSAGE.provider == provider, among)):
            by_provider_id[(row.provider, row.provider_id)] = row.id
    return by_id, by_provider_id


_MESSAGE = Message.__table__.c
_SEEN = select(_MESSAGE.id, _MESSAGE.provider, _MESSAGE.provider_id).where(_MESSAGE.direction == "out")


def _is_settled(receipt: Receipt, by_id: Mapping[int, tuple[str | None, str | None]]) -> bool:
    return by_id.get(receipt.message_id or 0) == (receipt.provider, receipt.provider_id)


def _aim(receipt: Receipt, targets: Targets) -> tuple[str, int]:
    by_id, by_provider_id = targets
    if receipt.carried is None:
        return UNKNOWN_STATUS, 0
    known = by_provider_id.get((receipt.provider, receipt.provider_id)) if receipt.provider_id else None
    if known is not None:
        return "", known
    if receipt.message_id is None or receipt.message_id not in by_id:
        return UNKNOWN_MESSAGE, 0
    provider, other = by_id[receipt.message_id]
    if provider not in {None, receipt.provider} or (other and receipt.provider_id and other != receipt.provider_id):
        return OTHER_ID, 0
    return "", receipt.message_id


def _move(receipt: Receipt, target: int) -> Move:
    return Move(
        target,
        CARRIED_TO[receipt.carried or Carried.ACCEPTED],
        receipt.cause or "",
        receipt.code,
        provider=receipt.provider,
        provider_id=receipt.provider_id or None,
    )


def _park(session: Session, parked: dict[str, list[Receipt]]) -> None:
    for reason, receipts in parked.items():
        if receipts:
            session.execute(
                update(ProviderEvent).where(_events(receipts)).values(parked=reason),
                execution_options={"synchronize_session": False},
            )


def _hold_opted_out(session: Session, receipts: Sequence[Receipt], targets: Targets) -> bool:
    """Lock who said STOP to the provider before any message is locked: the order that every STOP keeps.

    Whether there was somebody.
    """
    aimed = [
        _aim(receipt, targets)
        for receipt in receipts
        if receipt.cause and AT_RECEIPT.get(receipt.cause) is Sequel.OPT_OUT
    ]
    stopped = [target for problem, target in aimed if not problem]
    if stopped:
        hold(session, session.scalars(select(Message.person_id).where(Message.id.in_(stopped))).all())
    return bool(stopped)


def _sequels(session: Session, applied: Iterable[tuple[Receipt, int]], at: datetime) -> None:
    sequels = {target: AT_RECEIPT[receipt.cause] for receipt, target in applied if receipt.cause in AT_RECEIPT}
    if not sequels:
        return
    causes = {target: receipt.cause for receipt, target in applied if receipt.cause}
    query = select(Message.id, Message.person_id, Message.kind).where(Message.id.in_(sequels))
    rows = session.execute(query.order_by(Message.person_id)).all()
    for row in rows:
        if sequels[row.id] is Sequel.OPT_OUT:
            consent.stop(session, row.person_id, consent.Source.PROVIDER, f"message {row.id}", at)
        elif sequels[row.id] is Sequel.QUARANTINE and row.kind == Kind.SMS:
            quarantine.begin(session, [row.person_id], Doubt.UNKNOWN, at)
        elif sequels[row.id] in {Sequel.DROP_ENDPOINT, Sequel.QUARANTINE}:
            drop_endpoint(session, row.person_id, Kind(row.kind), causes[row.id] or Cause.OTHER)
    counted = {row.person_id for row in rows if sequels[row.id] is Sequel.COUNT and row.kind == Kind.SMS}
    quarantine.unreached(session, counted, at)


def retry_parked(session: Session, limit: int = 500) -> int:
    """Look again for the messages of events that came before their message was known. Gives how many were applied."""
    at = dialects.now(session)
    query = (
        select(ProviderEvent)
        .where(ProviderEvent.parked == UNKNOWN_MESSAGE, ProviderEvent.received_at > at - PATIENCE)
        .order_by(ProviderEvent.id.desc())
        .limit(limit)
    )
    events = list(session.scalars(dialects.take(query)))
    if not events:
        return 0
    for event in events:
        event.parked = ""
    session.flush()
    return apply(session, [_receipt(event) for event in events], at)


def _receipt(event: ProviderEvent) -> Receipt:
    return Receipt(
        provider=event.provider,
        event_key=event.event_key,
        carried=Carried(event.carried) if event.carried else None,
        provider_id=event.provider_id,
        message_id=event.message_id,
        cause=Cause(event.cause) if event.cause else None,
        code=event.code,
        status=event.status,
    )
