"""From the carrier to the handset and back: runs the errands, and journals whatever happens."""

from __future__ import annotations

import asyncio
import json
import time
from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, datetime

from outreach import log
from outreach.simulator import letters, scripts
from outreach.simulator.errands import Agenda, Errand, Task
from outreach.simulator.handsets import Book, Handset
from outreach.simulator.journal import Journal, Note
from outreach.simulator.messages import Direction, Kind, Message, Status, new_sid
from outreach.simulator.options import Options, Span
from outreach.simulator.post import ATTEMPTS, Office, pause
from outreach.simulator.weather import Sky

#: Seconds between two looks at the agenda: fifty a second cost nothing and need no waking up.
TICK = 0.02
#: Errands run before others on the loop get a turn.
STRETCH = 100
#: How long the API waits for an early receipt to be answered before it answers itself.
EARLY_PATIENCE = 5.0
#: A receipt that is to be overtaken stays behind for so long, in seconds, on top of what later ones may take.
HELD_BACK = 1.0


class Network:
    """Messages on their way. `changed` is called whenever something to be seen has changed."""

    def __init__(self, options: Options, book: Book, journal: Journal, sky: Sky, changed: Callable[[], None]) -> None:
        self._options = options
        self._book = book
        self._journal = journal
        self._sky = sky
        self._changed = changed
        self._agenda = Agenda()
        self._office = Office(options.auth_token.get_secret_value(), self._settle)
        self._live: dict[str, Message] = {}
        self._waiting: defaultdict[str, list[str]] = defaultdict(list)
        self._first_words: dict[str, asyncio.Event] = {}
        self._task: asyncio.Task[None] | None = None
        self._do = {
            Task.SEND: self._send,
            Task.ARRIVE: self._arrive,
            Task.EXPIRE: self._expire,
            Task.SPEAK: self._speak,
            Task.POST: self._office.hand,
        }

    async def start(self) -> None:
        """Take up what the journal still owes, and go."""
        self._agenda.restore(await self._journal.errands())
        owed = "WHERE waiting OR sid IN (SELECT subject FROM errand WHERE task IN ('send', 'arrive'))"
        for message in await self._journal.messages(owed):
            self._live[message.sid] = message
            if message.waiting:
                self._waiting[message.handset].append(message.sid)
        self._office.start()
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await self._office.stop()

    def owed(self) -> int:
        """Errands not yet done."""
        return len(self._agenda)

    def waiting(self, handset: Handset) -> int:
        """Messages kept until this handset can be reached."""
        return len(self._waiting.get(handset.id, ()))

    def launch(self, message: Message, *, early: bool) -> None:
        """A message was taken. `early`: its first receipt goes out before anything else."""
        self._live[message.sid] = message
        if early:
            self._first_words[message.sid] = asyncio.Event()
        task = Task.SEND if message.kind is Kind.SMS else Task.ARRIVE
        self._plan(0 if early else self._takes(self._options.network) / 2, task, message.sid)

    async def first_word(self, message: Message) -> None:
        """Wait until the clinic has heard of this message, launched `early`, for the first time."""
        try:
            await asyncio.wait_for(self._first_words[message.sid].wait(), EARLY_PATIENCE)
        except TimeoutError:
            log.get("simulator").info("early_receipt_unanswered", message=message.ours)
        finally:
            del self._first_words[message.sid]

    def wake(self, handset: Handset) -> None:
        """The handset is reachable again: what was kept for it tries now."""
        for sid in self._waiting.pop(handset.id, []):
            message = self._live.get(sid)
            if message is not None:
                message.waiting = False
                self._journal.moved(message)
                self._plan(0, Task.ARRIVE, sid)

    def write(self, handset: Handset, text: str, *, to: str, service: str, sid: str) -> None:
        """A text leaves the handset for one of our numbers."""
        now = time.time()
        message = Message(
            sid, Kind.SMS, Direction.IN, handset.id, text, now, now, Status.RECEIVED,
            sender=handset.number or "", recipient=to, service=service, updated_at=now,
        )  # fmt: skip
        letters.measure(message)
        opt_out = letters.opt_out(text) if self._options.carrier_stop else ""
        if opt_out in {"STOP", "START"}:
            handset.stopped = opt_out == "STOP"
            self._journal.handset(handset)
        self._journal.message(message)
        self._note(message, "written", "received")
        form = letters.inbound(message, self._options.account_sid, opt_out)
        self._post("inbound", message, self._options.inbound_url, form=json.dumps(form))
        self._changed()

    async def _run(self) -> None:
        while True:
            for count, errand in enumerate(self._agenda.due(time.time()), start=1):
                self._do[errand.task](errand)
                if count % STRETCH == 0:
                    await asyncio.sleep(0)
            await asyncio.sleep(TICK)

    def _send(self, errand: Errand) -> None:
        self._journal.done(errand)
        message = self._live.get(errand.subject)
        handset = self._book.get(message.handset) if message else None
        if message is None or handset is None:
            return
        self._move(message, Status.SENT)
        extra = self._takes(scripts.DELAYS.get(handset.script, Span()))
        self._plan(self._takes(self._options.network) / 2 + extra, Task.ARRIVE, message.sid)

    def _arrive(self, errand: Errand) -> None:
        self._journal.done(errand)
        message = self._live.get(errand.subject)
        handset = self._book.get(message.handset) if message else None
        if message is None or handset is None:
            return
        fate = scripts.fate(handset, message, time.time())
        if fate.status is None:
            self._keep(handset, message)
            return
        self._finish(message, fate.status, fate.code)
        if fate.status is Status.DELIVERED:
            self._read(handset, message)

    def _keep(self, handset: Handset, message: Message) -> None:
        message.waiting = True
        self._waiting[handset.id].append(message.sid)
        self._journal.moved(message)
        self._plan(message.expires_at - time.time(), Task.EXPIRE, message.sid)
        self._changed()

    def _expire(self, errand: Errand) -> None:
        self._journal.done(errand)
        message = self._live.get(errand.subject)
        if message is not None and message.waiting:
            self._waiting[message.handset].remove(message.sid)
            # Undelivered, not failed: it had left for the network, and the network gave it up.
            self._finish(message, Status.UNDELIVERED, scripts.EXPIRED)

    def _finish(self, message: Message, status: Status, code: int | None) -> None:
        message.code = code
        message.waiting = False
        self._move(message, status)
        del self._live[message.sid]

    def _read(self, handset: Handset, message: Message) -> None:
        """The person, or the app, has the message before them."""
        if message.kind is Kind.PUSH:
            if message.ours and scripts.acknowledges(handset):
                letter = json.dumps({"message": message.ours, "ack": message.ack})
                self._post("ack", message, self._options.ack_url, letter=letter)
            return
        before = handset.since_answer
        said = scripts.reaction(handset, message.body, self._options.answer_every)
        if handset.since_answer != before:
            self._journal.handset(handset)
        if said is not None:
            detail = {"text": said, "to": message.sender, "service": message.service, "sid": new_sid()}
            self._plan(self._takes(self._options.thinking), Task.SPEAK, handset.id, detail)

    def _speak(self, errand: Errand) -> None:
        self._journal.done(errand)
        handset, detail = self._book.get(errand.subject), errand.detail
        if handset is not None:
            self.write(handset, detail["text"], to=detail["to"], service=detail["service"], sid=detail["sid"])

    def _move(self, message: Message, status: Status) -> None:
        message.status, message.updated_at = status, time.time()
        self._journal.moved(message)
        self._note(message, "status", status, message.code)
        self._tell(message)
        self._changed()

    def _tell(self, message: Message) -> None:
        """Receipts of a status, as the weather has them: none, one or two, now or later."""
        if not message.callback:
            return
        weather, early = self._sky.weather, message.sid in self._first_words
        if not early and self._sky.chance(weather.loss):
            self._note(message, "receipt", "lost")
            return
        form = letters.receipt(message, self._options.account_sid, datetime.now(UTC))
        held = 0.0
        if self._sky.chance(weather.reordered):
            held = HELD_BACK + weather.receipts.most + self._options.network.most / self._options.tempo
        for _ in range(2 if self._sky.chance(weather.duplicate) else 1):
            delay = 0.0 if early else held + self._sky.within(weather.receipts)
            self._post("receipt", message, message.callback, delay, form=json.dumps(form))

    def _post(
        self, about: str, message: Message, url: str, delay: float = 0, *, form: str = "", letter: str = ""
    ) -> None:
        detail = {"url": url, "about": about, "kind": message.kind, "outcome": message.status, "ours": message.ours}
        detail |= {"handset": message.handset} | ({"json": letter} if letter else {"form": form})
        self._plan(delay, Task.POST, message.sid, detail)

    def _settle(self, errand: Errand, status: int | None) -> None:
        """A call to the clinic came to something. 5xx, 429 and no answer at all are tried again."""
        if (heard := self._first_words.get(errand.subject)) is not None:
            heard.set()
        nobody = status is None or status >= 500 or status == 429
        if nobody and errand.attempts < ATTEMPTS:
            errand.at = time.time() + pause(errand.attempts)
            errand.attempts += 1
            self._agenda.again(errand)
            return
        self._journal.done(errand)
        detail = errand.detail
        self._journal.note(
            Note(
                time.time(),
                detail["about"],
                detail["kind"],
                detail["outcome"],
                errand.subject,
                detail["ours"] or None,
                detail["handset"],
                status,
            )
        )

    def _plan(self, seconds: float, task: Task, subject: str, detail: dict[str, str] | None = None) -> None:
        self._journal.errand(self._agenda.add(time.time() + seconds, task, subject, detail))

    def _takes(self, span: Span) -> float:
        return self._sky.within(span) / self._options.tempo

    def _note(self, message: Message, event: str, outcome: str, code: int | None = None) -> None:
        self._journal.note(
            Note(time.time(), event, message.kind, outcome, message.sid, message.ours or None, message.handset, code)
        )
