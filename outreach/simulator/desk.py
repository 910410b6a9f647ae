"""What the clinic is told, and when: receipts through the weather, texts from handsets, acknowledgements of the app."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Mapping
from datetime import UTC, datetime

from outreach import log
from outreach.simulator import letters
from outreach.simulator.errands import Agenda, Errand, Task
from outreach.simulator.journal import Journal, Note
from outreach.simulator.messages import Message
from outreach.simulator.options import Options
from outreach.simulator.post import ATTEMPTS, Office, pause
from outreach.simulator.weather import Sky

#: How long the API waits for an early receipt to be answered before it answers itself, in seconds.
EARLY_PATIENCE = 5.0
#: A receipt that is to be overtaken stays behind for so long, in seconds, on top of what later ones may take.
HELD_BACK = 1.0


class Desk:
    """Plans calls to the clinic's webhooks and sees them through."""

    def __init__(self, options: Options, journal: Journal, sky: Sky, agenda: Agenda) -> None:
        self._options = options
        self._journal = journal
        self._sky = sky
        self._agenda = agenda
        self._office = Office(options.auth_token.get_secret_value(), self._settle)
        self._first_words: dict[str, asyncio.Event] = {}
        self.under_way = 0  # calls that are due and have not come to anything yet

    def start(self) -> None:
        self._office.start()

    async def stop(self) -> None:
        await self._office.stop()

    def post(self, errand: Errand) -> None:
        """A call is due."""
        self.under_way += 1
        self._office.hand(errand)

    def hurry(self, message: Message) -> None:
        """The first receipt of this message is to overtake the API's answer: `first_word` will be awaited."""
        self._first_words[message.sid] = asyncio.Event()

    async def first_word(self, message: Message) -> None:
        """Wait until the clinic has heard of a hurried message for the first time."""
        try:
            await asyncio.wait_for(self._first_words[message.sid].wait(), EARLY_PATIENCE)
        except TimeoutError:
            log.get("simulator").info("early_receipt_unanswered", message=message.ours)
        finally:
            del self._first_words[message.sid]

    def receipt(self, message: Message) -> None:
        """Tell the clinic the message's status, as the weather has it: never, once or twice, now or later."""
        if not message.callback:
            return
        weather, early = self._sky.weather, message.sid in self._first_words
        if not early and self._sky.chance(weather.loss):
            self._journal.note(Note.of(message, "receipt", "lost"))
            return
        form = letters.receipt(message, self._options.account_sid, datetime.now(UTC))
        held = 0.0
        if self._sky.chance(weather.reordered):
            held = HELD_BACK + weather.receipts.most + self._options.network.most / self._options.tempo
        for _ in range(2 if self._sky.chance(weather.duplicate) else 1):
            delay = 0.0 if early else held + self._sky.within(weather.receipts)
            self._plan("receipt", message, {"url": message.callback, "form": json.dumps(form)}, delay)

    def inbound(self, message: Message, opted: str) -> None:
        """Bring the clinic a text from a handset. `opted`: what the carrier's own filter has answered already."""
        form = letters.inbound(message, self._options.account_sid, opted)
        self._plan("inbound", message, {"url": self._options.inbound_url, "form": json.dumps(form)})

    def acknowledge(self, message: Message) -> None:
        """The app tells the clinic that the push was shown."""
        letter = json.dumps({"message": message.ours, "ack": message.ack})
        self._plan("ack", message, {"url": self._options.ack_url, "json": letter})

    def _plan(self, about: str, message: Message, letter: Mapping[str, str], delay: float = 0) -> None:
        detail = {
            "about": about,
            "kind": message.kind.value,
            "outcome": message.status.value,
            "ours": message.ours,
            "handset": message.handset,
            **letter,
        }
        self._agenda.plan(delay, Task.POST, message.sid, detail)

    def _settle(self, errand: Errand, status: int | None) -> None:
        """A call came to something. 5xx, 429 and no answer at all are tried again."""
        self.under_way -= 1
        if (heard := self._first_words.get(errand.subject)) is not None:
            heard.set()
        nobody = status is None or status >= 500 or status == 429
        if nobody and errand.attempts < ATTEMPTS:
            errand.at = time.time() + pause(errand.attempts)
            errand.attempts += 1
            self._agenda.again(errand)
            return
        self._journal.done(errand)
        about, kind, outcome, ours, handset = (
            errand.detail[name] for name in ("about", "kind", "outcome", "ours", "handset")
        )
        self._journal.note(Note(time.time(), about, kind, outcome, errand.subject, ours or None, handset, status))
