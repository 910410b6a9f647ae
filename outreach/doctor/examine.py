"""All checks, in the order in which one would look."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sqlalchemy.exc import DBAPIError

from outreach.doctor import carriage, invariants, outside, place
from outreach.doctor.contract import Check, Finding, fault
from outreach.workspace import Workspace

CHECKS: Sequence[Check] = (
    place.database,
    place.keyring,
    place.clock,
    place.disk,
    carriage.processes,
    carriage.senders,
    carriage.queue,
    carriage.events,
    carriage.webhooks,
    outside.hooks,
    outside.sign_in,
    place.kept,
    invariants.invariants,
)


def examine(workspace: Workspace, more: Sequence[Check] = ()) -> Iterator[Finding]:
    """Every finding, as it is made. `more`: checks of what lies above this floor, such as the broker.

    A check that the database breaks off is a finding too, and the others go on.
    """
    for check in (*more, *CHECKS):
        try:
            yield from check(workspace)
        except DBAPIError as error:
            name = type(error.orig).__name__
            yield fault(check.__name__, f"the database broke it off ({name})", "Look at the database server's log.")
