"""Without a script: every route that changes something has a form that leads to it, on a page that whoever may do it
sees. What only htmx would send is no form, and a button that is hidden until a script shows it is none.

The clinic of this test goes through a day: each row is looked for where the day stands.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from html.parser import HTMLParser
from typing import NamedTuple

import httpx
import pyotp
import pytest
from pydantic import SecretStr
from sqlalchemy import update

from outreach.campaigns import approvals, runs
from outreach.console import app as console_app
from outreach.delivery import carriers
from outreach.hooks import events, targets
from outreach.hooks.events import Kind
from outreach.hooks.tables import HookTelling, Telling
from outreach.messages.tables import Sender
from outreach.staff import accounts, factors, passwords, sessions
from outreach.staff.roles import Role
from outreach.staff.sessions import Way
from outreach.staff.tables import StaffPasskey
from outreach.store import dialects
from outreach.threads import hands, reveals
from outreach.threads.reveals import Wish
from outreach.workspace import Workspace
from tests.campaigns import crowds
from tests.clinic import AMINA
from tests.console.access import ACCESS, LETTERS
from tests.console.conftest import WHO, Console, hire, on_sqlite
from tests.console.looks import forgotten, known_person, proposed, tokens_made, visits, written
from tests.console.test_forms_work import DEEDS, OF_SCRIPTS, taker
from tests.console.test_people import send
from tests.simulator.running import running
from tests.threads.texting import write

GOOD = "kettle umbrella quiet moon"
VOID = {"input", "br", "hr", "img", "meta", "link", "source", "wbr", "path", "circle", "rect", "use", "line"}

#: A browser makes and shows a passkey by script alone; password and code do the same without.
NEEDS_SCRIPT = {"/sign-in/passkey", "/me/passkeys"}


class Ways(HTMLParser):
    """Where the forms of a page lead that a browser sends by itself: with a token, by a button that is seen."""

    def __init__(self) -> None:
        super().__init__()
        self.found: set[str] = set()
        self._open: list[tuple[str, bool]] = []  # tags, and whether each hides what is in it
        self._form: tuple[str, set[str], bool] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag not in VOID:
            self._open.append((tag, "hidden" in given))
        if tag == "form":
            self._form = (given.get("action", ""), set(), given.get("method") == "post")
        elif self._form is not None:
            self._form[1].add(given.get("name", ""))
            seen = not any(hides for _, hides in self._open)
            if tag == "button" and given.get("type", "submit") == "submit" and "disabled" not in given and seen:
                self._form[1].add("(button)")

    def handle_endtag(self, tag: str) -> None:
        while tag not in VOID and self._open and self._open.pop()[0] != tag:
            pass
        if tag == "form" and self._form is not None:
            action, names, posts = self._form
            if posts and {"csrf", "(button)"} <= names:
                self.found.add(action)
            self._form = None


HIDDEN = [
    ("a form", '<form method="post" action="/a"><input name="csrf"><button>Go</button></form>', {"/a"}),
    ("no button", '<form method="post" action="/a"><input name="csrf"></form>', set()),
    (
        "only by htmx",
        '<button hx-post="/a">Go</button><form hx-post="/a"><input name="csrf"><button>x</button></form>',
        set(),
    ),
    ("no token", '<form method="post" action="/a"><button>Go</button></form>', set()),
    ("a get", '<form method="get" action="/a"><input name="csrf"><button>Go</button></form>', set()),
    (
        "hidden until a script comes",
        '<form method="post" action="/a"><input name="csrf"><div hidden><br><button>Go</button></div></form>',
        set(),
    ),
    (
        "a button for scripts",
        '<form method="post" action="/a"><input name="csrf"><button type="button">x</button></form>',
        set(),
    ),
]


@pytest.mark.parametrize(("label", "page", "found"), HIDDEN, ids=[row[0] for row in HIDDEN])
def test_only_what_a_browser_sends_by_itself_counts(label: str, page: str, found: set[str]) -> None:
    ways = Ways()
    ways.feed(page)
    assert ways.found == found


@dataclass
class Day(Console):
    """`door`: where one comes in without the demo's one click."""

    door: str = ""

    def outside(self) -> httpx.Client:
        """A browser at that door."""
        http = self.browser(Origin=self.door)
        http.base_url = httpx.URL(self.door)
        return http


@pytest.fixture
def day(workspace: Workspace) -> Iterator[Day]:
    """A clinic with everything that can be set: a name for passkeys, an OpenID provider, the demo's one click."""
    given = {
        "public_url": "http://localhost:8000",
        "oidc_issuer": "http://127.0.0.1:9",
        "oidc_client": "outreach",
        "oidc_secret": SecretStr("nothing"),
    }
    there = replace(workspace, settings=workspace.settings.model_copy(update=given))
    hire(there)
    providers = carriers.build(there)
    demo, plain = console_app.make(there, providers, carrier="http://127.0.0.1:9"), console_app.make(there, providers)
    with running(demo) as base, running(plain) as door:
        made = Day(there, base, door=door)
        yield made
        made.close()


class Row(NamedTuple):
    """`deed`: the route. `page`: where its form is, once what it returns has happened. `who`: letters as in
    `access.ACCESS`, where not all who may do it see it there.
    """

    deed: str
    page: str | Callable[[Day], str | httpx.Response]
    who: str = ""


def factor(day: Day) -> str:
    """The helper signs in with a password and a code, has a passkey and an account, and is signed in twice."""
    secret = factors.fresh_secret()
    with day.workspace.database.write() as session:
        name, vault, at = WHO[Role.HELPER], day.workspace.vault, dialects.now(session)
        passwords.choose(session, vault, name, GOOD)
        factors.turn_on(session, vault, name, secret, pyotp.TOTP(secret).at(at), at)
        accounts.connect(session, vault, name, "http://127.0.0.1:9 1", name)
        key = StaffPasskey(credential=b"c", name=name, label="laptop", public_key=b"k", sign_count=0, made_at=at)
        session.add(key)
    day.as_(Role.HELPER)
    return "/me"


def by_link(day: Day) -> httpx.Response:
    """Somebody came by a one-time link, and has no password."""
    with day.workspace.database.write() as session:
        token = sessions.begin(session, WHO[Role.HELPER], Way.LINK, dialects.now(session), whole=True)
    http = day.browser()
    http.cookies.set("outreach", token)
    return http.get("/me/password")


def half_in(day: Day) -> httpx.Response:
    """The password was right; the code comes next."""
    http = day.outside()
    http.post("/sign-in", data={"name": WHO[Role.HELPER], "password": GOOD})
    return http.get("/sign-in/code")


def sent_a_table(day: Day) -> str:
    return str(send(day.as_(Role.LAUNCHER), "phone,language\n+254712000077,en\n").headers["location"])


def taking_in(day: Day) -> str:
    """A table waits for its turn."""
    launcher = day.as_(Role.LAUNCHER)
    sent = send(launcher, "phone,language\n+254712000078,en\n").headers["location"]
    return str(launcher.post(str(sent)).headers["location"])


def mine(day: Day) -> str:
    """The first thread is in the helper's hands."""
    hands.take(day.workspace, 1, by=WHO[Role.HELPER])
    return "/inbox/1"


def asked_alone_and_not(day: Day) -> str:
    """Somebody is in danger: the helper asks for her number, and takes it alone."""
    wish = Wish(known_person(day).rpartition("/")[2])
    write(day.workspace, AMINA, "I am bleeding a lot")
    for alone in (False, True):
        reveals.ask(day.workspace, wish, WHO[Role.HELPER], "She left no place to come to", alone=alone)
    return "/reveals/1"


def approved(day: Day) -> str:
    """Two people want it to go out."""
    approvals.approve(day.workspace, crowds.NAME, WHO[Role.COORDINATOR])
    return f"/campaigns/{crowds.NAME}/launch"


def launched(day: Day) -> str:
    """It goes out."""
    runs.launch(day.workspace, crowds.NAME, WHO[Role.LAUNCHER], approved=True)
    return f"/campaigns/{crowds.NAME}/run/pause"


def halted(day: Day) -> str:
    """The provider refuses our account."""
    with day.workspace.database.write() as session:
        at = dialects.now(session)
        sender = Sender(name="twilio", provider="twilio", kind="sms", pace=1.0, unit="parts", next_at=at)
        sender.halted_until, sender.halted_for = at + timedelta(days=1), "account"
        session.merge(sender)
    return "/settings"


def suspended(day: Day) -> str:
    with day.workspace.database.write() as session:
        accounts.suspend(session, day.workspace.vault, WHO[Role.HELPER], "tests")
    return ONE


def given_up(day: Day) -> str:
    """A webhook that has not heard something."""
    with day.workspace.database.write() as session:
        vault = day.workspace.vault
        targets.add(session, vault, "register", "https://register.example/", [Kind.RUN_FINISHED], "tests", inside=False)
        events.tell(session, Kind.RUN_FINISHED, dialects.now(session), run=1)
        session.execute(update(HookTelling).values(state=Telling.GIVEN_UP, tries=9, outcome="503"))
    return "/settings/hooks"


def paused(day: Day) -> str:
    with day.workspace.database.write() as session:
        targets.pause(session, day.workspace.vault, "register", "tests")
    return "/settings/hooks"


ONE = f"/settings/staff/{WHO[Role.HELPER]}"
PLAN = f"/campaigns/{crowds.NAME}/plan"

ROWS: Sequence[Row] = (
    Row("/sign-in", lambda day: day.outside().get("/sign-in"), "*"),
    Row("/sign-in/as/{name}", "/sign-in", "*"),
    Row("/welcome", "/welcome", "*"),
    Row("/language", "/sign-in", "*"),
    Row("/sign-out", "/me", "LHCAU"),
    Row("/me/language", "/me"),
    Row("/me/password", "/me/password"),
    Row("/me/oidc", by_link, "H"),  # it hangs on how one came in
    Row("/me/second-factor", "/me/second-factor"),
    Row("/me/second-factor/off", factor, "H"),
    Row("/me/sign-out-everywhere", "/me", "H"),
    Row("/me/passkeys/{which}/remove", "/me/passkeys", "H"),
    Row("/sign-in/code", half_in, "*"),
    Row("/people/import", "/people/import"),
    Row("/people/import/{token}", sent_a_table, "L"),
    Row("/people/import/{token}/columns", sent_a_table, "L"),
    Row("/people/imports/{token}/cancel", taking_in, "L"),
    Row("/understand", "/understand"),
    Row("/inbox/{thread_id}/take", lambda day: (written(day), "/inbox/1")[1]),
    Row("/inbox/{thread_id}/reply", "/inbox/1"),
    Row("/inbox/{thread_id}/note", "/inbox/1"),
    Row("/inbox/{thread_id}/hand-over", "/inbox/1"),
    Row("/inbox/{thread_id}/close", "/inbox/1"),
    Row("/inbox/{thread_id}/decide", "/inbox/3"),
    Row("/inbox/{thread_id}/release", mine, "H"),
    Row("/people/by-number", "/people"),
    Row("/people/export", "/people", "C"),
    Row("/people/{pseudonym}/forget", forgotten),
    Row("/reveals/new", lambda day: f"/reveals/new?number={known_person(day).rpartition('/')[2]}"),
    Row("/reveals/{reveal_id}/grant", asked_alone_and_not, "CA"),
    Row("/reveals/{reveal_id}/refuse", "/reveals/1", "CA"),
    Row("/reveals/{reveal_id}/review", "/reveals/2", "CA"),
    Row("/reveals/{reveal_id}", "/reveals/2", "H"),
    Row("/alerts/{alert_id}/seen", "/alerts"),
    Row("/campaigns/new", "/campaigns/new"),
    Row("/campaigns/{name}/edit", lambda day: (visits(day), f"/campaigns/{crowds.NAME}/edit")[1]),
    Row("/campaigns/{name}/clone", f"/campaigns/{crowds.NAME}/clone"),
    Row("/campaigns/{name}/test", PLAN),
    Row("/campaigns/{name}/propose", PLAN),
    Row("/messages/edit", "/messages/edit?name=visits/hello&language=fr"),
    Row("/campaigns/{name}/approve", proposed, "CA"),
    Row("/campaigns/{name}/decline", PLAN, "CA"),
    Row("/campaigns/{name}/withdraw", PLAN, "L"),
    Row("/campaigns/{name}/launch", approved),
    Row("/campaigns/{name}/run/{turn}", launched),
    Row("/settings/senders/release", halted),
    Row("/settings/staff/new", "/settings/staff/new"),
    Row("/settings/staff/{name}/roles", ONE),
    Row("/settings/staff/{name}/link", ONE),
    Row("/settings/staff/{name}/second-factor/off", ONE),
    Row("/settings/staff/{name}/passkeys/remove", ONE),
    Row("/settings/staff/{name}/account/disconnect", ONE),
    Row("/settings/staff/{name}/suspend", ONE),
    Row("/settings/staff/{name}/restore", suspended),
    Row("/settings/tokens/new", "/settings/tokens/new"),
    Row("/settings/tokens/{name}/revoke", tokens_made),
    Row("/settings/hooks/new", "/settings/hooks/new"),
    Row("/settings/hooks/{name}/redeliver", given_up),
    Row("/settings/hooks/{name}/ping", "/settings/hooks"),
    Row("/settings/hooks/{name}/pause", "/settings/hooks"),
    Row("/settings/hooks/{name}/rotate", "/settings/hooks"),
    Row("/settings/hooks/{name}/end", "/settings/hooks/register/end"),
    Row("/settings/hooks/{name}/resume", paused),
    Row("/settings/record/verify", "/settings/record"),
)


#: Every deed that needs a form, and so a row above.
WANTED = {route.path for route in DEEDS} - OF_SCRIPTS - NEEDS_SCRIPT


@on_sqlite
def test_every_deed_has_a_form_that_whoever_may_do_it_sees(day: Day) -> None:
    missing = []
    for row in ROWS:
        place = row.page if isinstance(row.page, str) else row.page(day)
        may = ACCESS[f"POST {row.deed}"]
        assert set(row.who) <= set(may), row.deed
        for letter in row.who or may:
            page = place if isinstance(place, httpx.Response) else _asked(day, letter, place)
            ways = Ways()
            ways.feed(page.text)
            if page.status_code != 200 or row.deed not in {taker(action) for action in ways.found}:
                missing.append((row.deed, letter, str(page.url), page.status_code))
    assert not missing, f"{missing}"


def _asked(day: Day, letter: str, path: str) -> httpx.Response:
    return day.browser().get(path) if letter == "*" else day.as_(LETTERS[letter]).get(path)
