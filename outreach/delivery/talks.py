"""With whom we are talking: while somebody waits for our answer, campaigns do not talk over it.

The table is that of a room above (`threads.tables.Thread`) and is named here as foreign keys are, by its name, so that
nothing has to be told twice; a test holds the two together.
"""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import BigInteger, Boolean, String, column, select, table
from sqlalchemy.orm import Session

from outreach import consent

THREAD = table(
    "thread",
    column("person_id", BigInteger),
    column("topic", String),
    column("state", String),
    column("hold", Boolean),
    column("urgent", String),
)


def waiting(session: Session, people: Collection[int]) -> dict[int, set[str]]:
    """The topics whose campaigns wait, by person; `consent.ALL` where all of them do.

    A thread that waits for us holds its topic; one that speaks of a danger, or perhaps of a wish to stop, holds all.
    """
    query = select(THREAD).where(THREAD.c.person_id.in_(people), THREAD.c.state != "closed")
    found: dict[int, set[str]] = {}
    for row in session.execute(query):
        if row.hold or (row.state == "waiting" and row.urgent):
            found.setdefault(row.person_id, set()).add(consent.ALL)
        elif row.state == "waiting":
            found.setdefault(row.person_id, set()).add(row.topic)
    return found
