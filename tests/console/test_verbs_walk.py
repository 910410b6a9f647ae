"""Every verb in every language, over real HTTP with Twilio's own signatures: from the text to what is claimed."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import select

from outreach import consent, parts
from outreach.audience.people import keys_of
from outreach.consent import ConsentState, Line, Source
from outreach.messages.status import Lane
from outreach.messages.tables import Message
from outreach.parts import Encoding
from outreach.privacy.vault import unseal
from outreach.store import dialects
from outreach.threads import forgetting
from outreach.workspace import Workspace
from tests.clinic import TOPIC, clinic, person
from tests.console.calls import PROVIDERS, PUBLIC, Desk, open_desk
from tests.delivery.desk import claim, rested
from tests.threads.texting import planned, speaks

LANGUAGES = ("en", "fr", "sw", "es", "pt")
CODE = "the code that she got"
_numbers = itertools.count(1)


@dataclass(frozen=True)
class Walk:
    """What people write, by language, one text after the other. `topic`: of the message that waits; `goes`: it is
    claimed afterwards. `says`: how many answers there are.
    """

    label: str
    texts: dict[str, tuple[str, ...]]
    outcome: str
    goes: bool
    says: int
    topic: str = TOPIC
    stands: ConsentState = ConsentState.GRANTED
    both: bool = False


def each(**texts: str) -> dict[str, tuple[str, ...]]:
    """One text a language."""
    return {language: (text,) for language, text in texts.items()}


def same(*texts: str) -> dict[str, tuple[str, ...]]:
    """The same in every language."""
    return dict.fromkeys(LANGUAGES, texts)


WALKS = [
    Walk(
        "stop",
        each(en="please don't text me any more", fr="arrêtez", sw="acha", es="paren", pt="parem"),
        "keyword:stop",
        goes=False,
        says=1,
        both=True,
    ),
    Walk("start", same("STOP", "START"), "keyword:start", goes=True, says=2),
    Walk(
        "pause",
        each(
            en="PAUSE 7",
            fr="pause une semaine",
            sw="pumzika siku 7",
            es="pausa 7 días",
            pt="pausa de sete dias",
        ),
        "keyword:pause",
        goes=False,
        says=1,
        both=True,
    ),
    Walk("pause, then start", same("PAUSE", "START"), "keyword:start", goes=True, says=2),
    Walk(
        "yes",
        each(en="YES", fr="OUI", sw="NDIYO", es="ACEPTO", pt="SIM"),
        "keyword:yes",
        goes=True,
        says=1,
        stands=ConsentState.INVITED,
    ),
    Walk("help", each(en="HELP", fr="AIDE", sw="MSAADA", es="AYUDA", pt="AJUDA"), "keyword:help", goes=True, says=1),
    Walk("info", same("INFO"), "keyword:info", goes=True, says=1),
    Walk(
        "forget",
        {
            language: (word, CODE)
            for language, word in {
                "en": "FORGET",
                "fr": "OUBLIER",
                "sw": "SAHAU",
                "es": "OLVIDAR",
                "pt": "ESQUECER",
            }.items()
        },
        "keyword:forget",
        goes=False,
        says=2,
        both=True,
    ),
    Walk(
        "loss",
        each(
            en="I lost my baby",
            fr="j'ai fait une fausse couche",
            sw="mimba imeharibika",
            es="perdí a mi bebé",
            pt="perdi o meu bebé",
        ),
        "keyword:loss",
        goes=False,
        says=1,
        topic="maternal",
        both=True,
    ),
    Walk("time", each(en="TIME 0", fr="HEURE 0", sw="MUDA 0", es="HORA 0", pt="HORA 0"), "keyword:time", True, 1),
    Walk(
        "time, from the menu",
        {
            language: (word, "0")
            for language, word in {"en": "TIME", "fr": "HEURE", "sw": "MUDA", "es": "HORA", "pt": "HORA"}.items()
        },
        "keyword:time",
        goes=True,
        says=2,
    ),
    Walk("language", same("LANG", "kiswahili"), "keyword:lang", goes=True, says=2),
    Walk(
        "wrong",
        each(
            en="you have the wrong number",
            fr="vous vous trompez de numéro",
            sw="umekosea namba",
            es="se equivocó de número",
            pt="foi engano",
        ),
        "keyword:wrong",
        goes=False,
        says=0,
        both=True,
    ),
]
CASES = [
    pytest.param(database, walk, id=f"{walk.label} on {database}")
    for walk in WALKS
    for database in (("sqlite", "postgres") if walk.both else ("sqlite",))
]


@pytest.fixture
def workspace(migrated_url: str, tmp_path: Path) -> Iterator[Workspace]:
    with clinic(migrated_url, tmp_path / "clinic", providers=PROVIDERS, public_url=PUBLIC) as made:
        yield made


@pytest.fixture
def desk(workspace: Workspace) -> Iterator[Desk]:
    with open_desk(workspace) as opened:
        yield opened


def somebody(workspace: Workspace, language: str, topic: str, state: ConsentState) -> tuple[int, str]:
    number = f"+2547{30_000_000 + next(_numbers)}"
    with workspace.database.write() as session:
        made = person(session, workspace, number)
        consent.record(session, [Line(made, topic, state, Source.STAFF)], dialects.now(session))
    speaks(workspace, made, language)
    return made, number


def answers(workspace: Workspace, person_id: int) -> list[str]:
    """What the system said to her, in whatever state; unreadable once she is forgotten."""
    with workspace.database.read() as session:
        key = keys_of(session, workspace.vault, [person_id]).get(person_id, b"")
        query = select(Message).where(Message.person_id == person_id, Message.direction == "out")
        rows = session.scalars(query.where(Message.body.is_not(None)).order_by(Message.id)).all()
        return [unseal(key, row.body or b"", "message", "body", row.dedupe_key) for row in rows]


@pytest.mark.parametrize(("migrated_url", "walk"), CASES, indirect=["migrated_url"])
def test_a_walk_per_verb(walk: Walk, desk: Desk, workspace: Workspace) -> None:
    for language, texts in walk.texts.items():
        her, number = somebody(workspace, language, walk.topic, walk.stands)
        waiting = planned(workspace, her, walk.topic)
        for place, text in enumerate(texts):
            typed = text
            if text == CODE:
                [typed] = re.findall(r"\b\d{4}\b", answers(workspace, her)[-1])
            assert desk.text(number, typed, f"SM{number}{place}") == 204
        late = planned(workspace, her, walk.topic)  # as if planned by somebody who had not heard of it yet
        with workspace.database.read() as session:
            query = select(Message.reason).where(Message.person_id == her, Message.direction == "in")
            assert session.scalars(query.order_by(Message.id)).all()[-1] == walk.outcome, language
        said = answers(workspace, her)
        assert len(said) == walk.says, said
        for words in said:
            counted = parts.count(words)
            assert (counted.encoding, counted.parts <= 2) == (Encoding.GSM_7, True), words
        rested(workspace)
        claimed = {each.id for each in claim(workspace).claims}
        assert (late in claimed) is walk.goes, language
        assert waiting not in claimed or walk.goes
    if walk.label == "forget":
        rested(workspace)
        conversation = claim(workspace, lane=Lane.CONVERSATION).claims
        assert len(conversation) == len(LANGUAGES), "one last word each"
        assert forgetting.finish(workspace) == 0, "they are on their way"
