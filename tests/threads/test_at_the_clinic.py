"""What somebody asks of staff in person: how she is written to, words of her own; what a telephone is not told."""

from __future__ import annotations

import pytest

from outreach.audience import discretion
from outreach.audience.discretion import Manner, Secret
from outreach.errors import NotFoundError
from outreach.privacy import audit
from outreach.threads import discreet
from outreach.workspace import Workspace
from tests.clinic import AMINA, Cast
from tests.threads.texting import her, received, sent, threads, write

pytestmark = pytest.mark.parametrize("migrated_url", ["sqlite"], indirect=True)  # nothing in it hangs on the database
ME = "wanjiru"


@pytest.mark.parametrize("chosen", Manner)
def test_a_manner_is_set_and_stays_until_another_is_asked_for(
    chosen: Manner, workspace: Workspace, people: Cast
) -> None:
    pseudonym = her(workspace, people.amina).pseudonym
    assert discreet.at_the_clinic(workspace, f" {pseudonym.upper()}", ME, chosen, {}) is chosen
    assert discretion.manner(her(workspace, people.amina)) is chosen
    assert discreet.at_the_clinic(workspace, pseudonym, ME, None, {}) is chosen
    assert discretion.manner(her(workspace, people.baraka)) is Manner.COVERT, "nobody else's"


def test_words_of_her_own_are_set_work_by_text_and_are_taken_back(workspace: Workspace, people: Cast) -> None:
    pseudonym = her(workspace, people.amina).pseudonym
    words = {Secret.SAFE: "Mango", Secret.PANIC: "lemon"}
    discreet.at_the_clinic(workspace, pseudonym, ME, None, words)
    with workspace.database.read() as session:
        [line] = audit.entries(session, workspace.vault)
    assert (line.who, line.action, line.subject) == (ME, "discretion_set", f"person:{people.amina}")
    assert write(workspace, AMINA, "mango!").outcome == "keyword:read"
    assert write(workspace, AMINA, "LEMON").outcome == "needs_person"
    assert [thread.mark for thread in threads(workspace, people.amina)] == ["panic"]
    discreet.at_the_clinic(workspace, pseudonym, ME, None, {Secret.SAFE: "papaya"})
    person = her(workspace, people.amina)
    assert person.safe_word == discretion.sealed(workspace.vault, people.amina, Secret.SAFE, "papaya")
    discreet.at_the_clinic(workspace, pseudonym, ME, None, {Secret.SAFE: "", Secret.PANIC: ""})
    person = her(workspace, people.amina)
    assert (person.safe_word, person.panic_word) == (None, None)


def test_nobody_by_that_name_is_told_and_nothing_is_recorded(workspace: Workspace, people: Cast) -> None:
    with pytest.raises(NotFoundError):
        discreet.at_the_clinic(workspace, "nobody-here-10", ME, Manner.OPEN, {})
    with workspace.database.read() as session:
        assert audit.entries(session, workspace.vault) == []


def test_info_is_told_to_whoever_has_a_safe_word_only_once_she_has_said_it(workspace: Workspace, people: Cast) -> None:
    def said() -> str:
        return sent(workspace, people.amina)[-1].text

    write(workspace, AMINA, "WORD mango")
    assert write(workspace, AMINA, "INFO").outcome == "keyword:info"
    assert said() == "Thank you, we have noted it."
    write(workspace, AMINA, "mango")
    assert write(workspace, AMINA, "INFO").outcome == "keyword:info"
    assert said().startswith("You agreed") or "reminders (" in said()
    assert [outcome for _, outcome in received(workspace, people.amina)][-1] == "keyword:info"
    assert threads(workspace, people.amina) == []
