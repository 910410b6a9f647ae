"""What a text cost whose worker died before it could say so: a receipt or the provider's list has settled its fate."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select

from outreach.delivery.compose import cost_of
from outreach.delivery.facts import COLUMNS, Claim
from outreach.delivery.moves import Move, advance
from outreach.delivery.reconcile import write_again
from outreach.messages.status import State
from outreach.messages.tables import UNPRICED, Message
from outreach.store import dialects
from outreach.workspace import Workspace

AT_ONCE = 500  # messages a round


def price(workspace: Workspace) -> int:
    """Tell parts and cost of texts that were carried and never priced. Gives how many.

    Written again as they were, they have the parts they had. Where that cannot be done (she was forgotten meanwhile),
    the estimate stands.
    """
    with workspace.database.read() as session:
        # A worker that still holds its lease will tell by itself.
        over = Message.updated_at < dialects.now(session) - timedelta(seconds=workspace.settings.lease)
        query = select(*COLUMNS, Message.token).where(UNPRICED, over).order_by(Message.updated_at).limit(AT_ONCE)
        rows = session.execute(query).all()
    if not rows:
        return 0
    tokens = {row.id: row.token for row in rows}
    claims = [Claim(*row[: len(COLUMNS)]) for row in rows]
    known, composed = write_again(workspace, claims)
    costs = {each.claim.id: (each.parts, each.cost) for each in composed.written}
    for claim in claims:
        country = known.people[claim.person_id].country
        guess = (claim.parts, cost_of(claim.kind, country, claim.parts, workspace.settings))
        costs.setdefault(claim.id, guess)
    told = [
        Move(message, State.ACCEPTED, token=tokens[message], parts=parts, cost=cost)
        for message, (parts, cost) in costs.items()
    ]
    with workspace.database.write() as session:
        advance(session, told, dialects.now(session))
    return len(told)
