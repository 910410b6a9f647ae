"""From the carrier to the handset and back: runs the errands, and journals whatever happens."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Callable

from outreach import log
from outreach.simulator import letters, scripts
from outreach.simulator.desk import Desk
from outreach.simulator.errands import Agenda, Errand, Task
from outreach.simulator.handsets import Book, Handset
from outreach.simulator.journal import Journal, Note
from outreach.simulator.messages import Direction, Kind, Message, Status, new_sid
from outreach.simulator.options import Options, Span
from outreach.simulator.weather import Sky

#: Seconds between two looks at the agenda: fifty a second cost nothing and need no waking up.
TICK = 0.02
#: Errands run before others on the loop get a turn.
STRETCH = 100


class Network:
    """Messages on their way. `changed` is called whenever something to be seen has changed."""

    def __init__(self, options: Options, book: Book, journal: Journal, sky: Sky, changed: Callable[[], None]) -> None:
        self._options = options
        self._book = book
        self._journal = journal
        self._sky = sky
        self._changed = changed
        self._agenda = Agenda(journal.errand)
        self.desk = Desk(options, journal, sky, self._agenda)
        self._live: dict[str, Message] = {}
        self._waiting: defaultdict[str, list[str]] = defaultdict(list)
        self._task: asyncio.Task[None] | None = None
        self._do = {
            Task.SEND: self._send,
            Task.ARRIVE: self._arrive,
            Task.EXPIRE: self._expire,
            Task.SPEAK: self._speak,
            Task.POST: self.desk.post,
        }

    async def start(self) -> None:
        """Take up what the journal still owes, and go."""
        self._agenda.restore(await self._journal.errands())
        owed = "WHERE waiting OR sid IN (SELECT subject FROM errand WHERE task IN ('send', 'arrive'))"
        for message in await self._journal.messages(owed):
            self._live[message.sid] = message
            if message.waiting:
                self._waiting[message.handset].append(message.sid)
        self.desk.start()
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await self.desk.stop()

    def owed(self) -> int:
        """What is still to happen by itself: 0 means that everything taken has come to rest and the clinic was told."""
        return self._agenda.owed() + self.desk.under_way

    def waiting(self, handset: Handset) -> int:
        """Messages kept until this handset can be reached."""
        return len(self._waiting.get(handset.id, ()))

    def launch(self, message: Message, *, early: bool) -> None:
        """A message was taken. `early`: it leaves at once, and its first receipt with it."""
        self._live[message.sid] = message
        if early:
            self.desk.hurry(message)
        task = Task.SEND if message.kind is Kind.SMS else Task.ARRIVE
        self._agenda.plan(0 if early else self._takes(self._options.network) / 2, task, message.sid)

    def wake(self, handset: Handset) -> None:
        """The handset is reachable again: what was kept for it tries now."""
        for sid in self._waiting.pop(handset.id, []):
            message = self._live.get(sid)
            if message is not None:
                message.waiting = False
                self._journal.moved(message)
                self._agenda.plan(0, Task.ARRIVE, sid)

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
        self._journal.note(Note.of(message, "written", message.status))
        self.desk.inbound(message, opt_out)
        self._changed()

    async def _run(self) -> None:
        while True:
            for count, errand in enumerate(self._agenda.due(time.time()), start=1):
                self._attempt(errand)
                if count % STRETCH == 0:
                    await asyncio.sleep(0)
            await asyncio.sleep(TICK)

    def _attempt(self, errand: Errand) -> None:
        try:
            self._do[errand.task](errand)
        except Exception:
            # One bad errand must not end all others. It stays in the journal.
            log.get("simulator").exception("errand_failed", job=errand.task.value)

    def _send(self, errand: Errand) -> None:
        self._journal.done(errand)
        message = self._live.get(errand.subject)
        handset = self._book.get(message.handset) if message else None
        if message is None or handset is None:
            return
        self._move(message, Status.SENT)
        extra = self._takes(scripts.DELAYS.get(handset.script, Span()))
        self._agenda.plan(self._takes(self._options.network) / 2 + extra, Task.ARRIVE, message.sid)

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
        self._agenda.plan(message.expires_at - time.time(), Task.EXPIRE, message.sid)
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
                self.desk.acknowledge(message)
            return
        before = handset.since_answer
        said = scripts.reaction(handset, message.body, self._options.answer_every)
        if handset.since_answer != before:
            self._journal.handset(handset)
        if said is not None:
            detail = {"text": said, "to": message.sender, "service": message.service, "sid": new_sid()}
            self._agenda.plan(self._takes(self._options.thinking), Task.SPEAK, handset.id, detail)

    def _speak(self, errand: Errand) -> None:
        self._journal.done(errand)
        handset, detail = self._book.get(errand.subject), errand.detail
        if handset is not None:
            self.write(handset, detail["text"], to=detail["to"], service=detail["service"], sid=detail["sid"])

    def _move(self, message: Message, status: Status) -> None:
        message.status, message.updated_at = status, time.time()
        self._journal.moved(message)
        self._journal.note(Note.of(message, "status", status))
        self.desk.receipt(message)
        self._changed()

    def _takes(self, span: Span) -> float:
        return self._sky.within(span) / self._options.tempo
