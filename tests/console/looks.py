"""How pages look: one row a page. `test_looks.py` opens each at both sizes and in every language, and asks axe.

`to` is an address, or a function that writes down what the page is to show and gives the address. The rows of a noun
share one clinic, in their order: first those that are empty.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import NamedTuple

from sqlalchemy import select, update

from outreach.audience import intakes
from outreach.audience.tables import Person
from outreach.audience.uploads import Arrival
from outreach.campaigns import approvals, planning, runs
from outreach.hooks import events, targets
from outreach.hooks.events import CHOSEN, Kind
from outreach.hooks.tables import Hook, HookTelling, Telling
from outreach.privacy import alerts
from outreach.privacy.alerts import DOINGS, AlertKind
from outreach.staff import tokens
from outreach.staff.roles import Role
from outreach.staff.tokens import Scope
from outreach.store import dialects
from outreach.threads import reveal_lists, reveals
from outreach.threads.reveals import Wish
from outreach.workspace import Workspace
from tests.campaigns import crowds
from tests.clinic import AMINA, BARAKA, CHAUSIKU, cast, write_campaign
from tests.console.conftest import WHO, Console
from tests.reports import known
from tests.threads.texting import write


class Look(NamedTuple):
    """One page. `who`: None where nobody is signed in."""

    label: str
    who: Role | None
    to: str | Callable[[Console], str]


def waiting(console: Console) -> str:
    """Two people wait for an answer."""
    cast(console.workspace)
    write(console.workspace, AMINA, "I feel dizzy in the mornings")
    write(console.workspace, BARAKA, "Ninahisi kizunguzungu")
    return "/"


def written(console: Console) -> str:
    """One waits for an answer, one may want to stop, one has an answer."""
    waiting(console)
    write(console.workspace, CHAUSIKU, "please dont text me at work")
    return "/inbox"


def known_person(console: Console) -> str:
    """Somebody whom one looks at."""
    with console.workspace.database.read() as session:
        return f"/people/{session.scalars(select(Person.pseudonym).order_by(Person.id).limit(1)).one()}"


def forgotten(console: Console) -> str:
    """The question before somebody is forgotten."""
    return f"{known_person(console)}/forget"


def taken_in(console: Console) -> str:
    """A table, of which a worker could not take in two rows."""
    there, terms = console.workspace, {"topic": "tb", "source": "", "wording": "", "country": "", "columns": {}}
    arrival = Arrival(there.database, there.vault, WHO[Role.LAUNCHER])
    arrival.write(b"phone,language\n0712000071,en\n0712000072,klingon\n12,en\n")
    arrival.close()
    token = arrival.offer(terms)
    with there.database.write() as session:
        intakes.start(session, WHO[Role.LAUNCHER], token, terms, 3)
    intakes.carry_on(there)
    return f"/people/imports/{token}"


def visits(console: Console) -> str:
    """A campaign that can be launched, for thirty people; one with faults; a text that has its price."""
    crowds.write(console.workspace, console.workspace.database.now())
    crowds.gather(console.workspace, 30)
    write_campaign(console.workspace, "broken", "title: Broken\ntopc: tb\n")
    return "/campaigns"


def proposed(console: Console) -> str:
    """Somebody else says yes or no."""
    approvals.propose(console.workspace, crowds.NAME, WHO[Role.LAUNCHER])
    return f"/campaigns/{crowds.NAME}/plan"


def running(console: Console) -> str:
    """Messages wait for their time."""
    there = console.workspace
    approvals.approve(there, crowds.NAME, WHO[Role.COORDINATOR])
    runs.launch(there, crowds.NAME, WHO[Role.LAUNCHER], approved=True)
    ahead = there.settings.model_copy(update={"plan_ahead": timedelta(days=2)})
    planning.plan(Workspace(ahead, there.database, there.vault))
    return f"/campaigns/{crowds.NAME}"


def reported(console: Console) -> str:
    """Things have happened that reports tell of."""
    with console.workspace.database.write() as session:
        known.weigh_delivery(session)
        known.write_ledger(session)
    return "/reports"


def lost(console: Console) -> str:
    """Numbers that take no texts: whom to phone."""
    with console.workspace.database.write() as session:
        known.lose_numbers(session)
    return "/reports/phone"


def revealed(console: Console) -> str:
    """Somebody is in danger: her number is open to a helper, another one is asked for, one text was taken alone."""
    people = cast(console.workspace)
    said = write(console.workspace, AMINA, f"I am bleeding a lot, call {AMINA}").message_id
    helper, why = WHO[Role.HELPER], "She is in danger and left no place"
    with console.workspace.database.read() as session:
        hers, his = (Wish(session.get_one(Person, each).pseudonym) for each in (people.amina, people.baraka))
    for wish, alone in ((hers, False), (his, False), (Wish(message=said), True)):
        reveals.ask(console.workspace, wish, helper, why, alone=alone)
    reveals.grant(console.workspace, 1, WHO[Role.ADMIN])
    return "/reveals"


def asking(console: Console) -> str:
    """The question before her number is seen."""
    return f"/reveals/new?number={reveal_lists.get(console.workspace, 1).pseudonym}"


def alerted(console: Console) -> str:
    """One of each kind, of which one was looked at."""
    with console.workspace.database.write() as session:
        at = dialects.now(session)
        for kind in AlertKind:
            subject = {AlertKind.HOOK_FAILING: "hook:register", AlertKind.PASSKEY_DOUBTED: f"staff:{WHO[Role.HELPER]}"}
            about = subject.get(kind, "reveal:1" if kind in DOINGS else "thread:1")
            alerts.raise_(session, kind, about, at, about=WHO[Role.HELPER])
        alerts.seen(session, console.workspace.vault, 1, WHO[Role.COORDINATOR])
    return "/alerts?list=all"


def tokens_made(console: Console) -> str:
    """One program may work with the clinic, another one no longer."""
    with console.workspace.database.write() as session:
        for name in ("old-register", "register"):
            tokens.make(session, console.workspace.vault, name, list(Scope)[:3], timedelta(days=90), WHO[Role.ADMIN])
        tokens.revoke(session, console.workspace.vault, "old-register", WHO[Role.ADMIN])
    return "/settings/tokens"


def hooks_added(console: Console) -> str:
    """One program hears, one does not, one is paused."""
    there, past = console.workspace, console.workspace.database.now() - timedelta(hours=3)
    with there.database.write() as session:
        for name in ("archive", "register", "ward"):
            targets.add(session, there.vault, name, f"https://{name}.example/in", CHOSEN, WHO[Role.ADMIN], inside=False)
            events.tell(session, Kind.RUN_FINISHED, past, run=1)
        targets.pause(session, there.vault, "ward", WHO[Role.ADMIN])
        ids = {row.name: row.id for row in session.execute(select(Hook.name, Hook.id))}
        hers = update(HookTelling).where(HookTelling.hook_id == ids["archive"])
        session.execute(hers.values(state=Telling.DONE, tries=1, outcome="204"))
        lost = update(HookTelling).where(HookTelling.hook_id == ids["register"])
        session.execute(lost.values(tries=4, outcome="503"))
    return "/settings/hooks"


LOOKS: Mapping[str, Sequence[Look]] = {
    "coming in": [
        Look("sign in", None, "/sign-in"),
        Look("welcome", None, "/welcome"),
        Look("not there", None, "/nothing"),
    ],
    "one's own": [
        Look("account", Role.HELPER, "/me"),
        Look("password", Role.HELPER, "/me/password"),
        Look("second factor", Role.HELPER, "/me/second-factor"),
        Look("passkeys", Role.HELPER, "/me/passkeys"),
        Look("absent", Role.HELPER, "/nothing"),
    ],
    "home": [
        Look("nothing yet", Role.HELPER, "/"),
        Look("somebody waits", Role.HELPER, waiting),
    ],
    "inbox": [
        Look("nobody waits", Role.HELPER, "/inbox"),
        Look("three write", Role.HELPER, written),
        Look("a conversation", Role.HELPER, "/inbox/1"),
        Look("perhaps a stop", Role.COORDINATOR, "/inbox/3"),
    ],
    "people": [
        Look("nobody asked for", Role.LAUNCHER, "/people"),
        Look("somebody", Role.LAUNCHER, lambda console: (waiting(console), known_person(console))[1]),
        Look("found", Role.LAUNCHER, "/people?language=en"),
        Look("to be forgotten", Role.COORDINATOR, forgotten),
        Look("a table taken in", Role.LAUNCHER, taken_in),
        Look("a table", Role.LAUNCHER, "/people/import"),
    ],
    "campaigns": [
        Look("no campaign yet", Role.LAUNCHER, "/campaigns"),
        Look("a new one", Role.LAUNCHER, "/campaigns/new"),
        Look("several", Role.LAUNCHER, visits),
        Look("not proposed yet", Role.LAUNCHER, "/campaigns/visits"),
        Look("as a form", Role.LAUNCHER, "/campaigns/visits/edit"),
        Look("as an audience", Role.LAUNCHER, "/campaigns/visits/edit?view=audience"),
        Look("as a file", Role.LAUNCHER, "/campaigns/broken/edit?view=file"),
        Look("no plan", Role.LAUNCHER, "/campaigns/broken/plan"),
        Look("a copy", Role.LAUNCHER, "/campaigns/visits/clone"),
        Look("no earlier version", Role.LAUNCHER, "/campaigns/visits/history"),
        Look("to be decided", Role.COORDINATOR, proposed),
        Look("to be launched", Role.LAUNCHER, "/campaigns/visits/launch"),
        Look("running", Role.LAUNCHER, running),
        Look("to be cancelled", Role.LAUNCHER, "/campaigns/visits/run/cancel"),
        Look("messages", Role.LAUNCHER, "/messages"),
        Look("a text", Role.LAUNCHER, "/messages/edit?name=visits/hello&language=fr"),
    ],
    "reports": [
        Look("nothing to report", Role.COORDINATOR, "/reports/consent"),
        Look("the list", Role.COORDINATOR, reported),
        Look("hidden cells", Role.COORDINATOR, "/reports/consent?first="),
        Look("by day", Role.AUDITOR, "/reports/delivery?first="),
    ],
    "phone": [
        Look("whom to phone", Role.COORDINATOR, lost),
    ],
    "reveals": [
        Look("what waits for a second person", Role.COORDINATOR, revealed),
        Look("asking while she is in danger", Role.HELPER, asking),
        Look("open to whoever asked", Role.HELPER, "/reveals/1"),
        Look("taken alone", Role.COORDINATOR, "/reveals/3"),
    ],
    "alerts": [
        Look("what nobody has looked at", Role.ADMIN, alerted),
    ],
    "trying a text": [
        Look("the box", Role.HELPER, "/understand"),
    ],
    "handsets": [
        Look("phones beside the clinic", Role.COORDINATOR, "/handsets"),
    ],
    "style": [
        Look("every part", Role.ADMIN, "/style"),
    ],
    "settings": [
        Look("senders", Role.ADMIN, "/settings"),
        Look("rules", Role.AUDITOR, "/settings/rules"),
        Look("providers", Role.ADMIN, "/settings/providers"),
        Look("staff", Role.ADMIN, "/settings/staff"),
        Look("somebody new", Role.ADMIN, "/settings/staff/new"),
        Look("one of staff", Role.ADMIN, "/settings/staff/otieno"),
        Look("no token", Role.ADMIN, "/settings/tokens"),
        Look("a new token", Role.ADMIN, "/settings/tokens/new"),
        Look("tokens", Role.ADMIN, tokens_made),
        Look("a new webhook", Role.ADMIN, "/settings/hooks/new"),
        Look("webhooks", Role.ADMIN, hooks_added),
        Look("record", Role.AUDITOR, "/settings/record"),
    ],
}
