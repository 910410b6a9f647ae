"""How pages look: one row a page. `test_looks.py` opens each at both sizes and in every language, and asks axe.

`to` is an address, or a function that writes down what the page is to show and gives the address. The rows of a noun
share one clinic, in their order: first those that are empty.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from outreach.staff.roles import Role
from tests.clinic import AMINA, BARAKA, cast
from tests.console.conftest import Console
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
        Look("absent", Role.HELPER, "/nothing"),
    ],
    "home": [
        Look("nothing yet", Role.HELPER, "/"),
        Look("somebody waits", Role.HELPER, waiting),
    ],
    "style": [
        Look("every part", Role.ADMIN, "/style"),
    ],
}
