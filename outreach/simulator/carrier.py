"""The carrier itself: takes messages, knows its handsets, survives its own death."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field

from outreach.errors import ConflictError
from outreach.simulator import letters
from outreach.simulator.handsets import Book, Handset, Power
from outreach.simulator.journal import Journal, Note
from outreach.simulator.messages import Direction, Kind, Message, Status, new_sid
from outreach.simulator.network import Network
from outreach.simulator.options import Options, Script
from outreach.simulator.weather import Mishap, Sky

#: The number that handsets write to where no own number is configured (reserved for fiction).
SPARE_NUMBER = "+12025550142"


@dataclass(frozen=True, slots=True)
class Order:
    """A message somebody wants carried, already found to be in order. `lifetime` is in seconds."""

    kind: Kind
    address: str = field(repr=False)
    body: str = field(repr=False)
    lifetime: float
    sender: str = field(default="", repr=False)
    service: str = ""
    title: str = field(default="", repr=False)
    callback: str = ""
    ours: str = ""
    ack: str = ""


class Carrier:
    """One simulated carrier. Make it, `start` it on the loop that serves its app, `stop` it there."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self.book = Book(options)
        self.journal = Journal(options.log)
        self.sky = Sky(options.weather, options.seed)
        self.network = Network(options, self.book, self.journal, self.sky, self._changed)
        self.version = time.time_ns()  # grows with every change that can be seen, across restarts too

    async def start(self) -> None:
        """Read the log and go on where it ends."""
        self.journal.start()
        await self.journal.recount()
        self.book.restore(await self.journal.handsets())
        await self.network.start()

    async def stop(self) -> None:
        await self.network.stop()
        await self.journal.stop()

    def handset_at(self, address: str, kind: Kind) -> Handset:
        """The handset behind a number or a token; a new one if nobody has used it yet."""
        known = self.book.at(address)
        if known is not None:
            return known
        return self.enrol(address, None) if kind is Kind.SMS else self.enrol(None, address)

    def enrol(self, number: str | None, token: str | None, script: Script | None = None) -> Handset:
        """Add a handset. Raises ConflictError where the two addresses belong to different ones already."""
        owners = {handset.id: handset for a in (number, token) if a and (handset := self.book.at(a))}
        if len(owners) > 1:
            raise ConflictError("The number and the token belong to two handsets. Name one of them only.")
        handset = next(iter(owners.values()), None) or self.book.make(number, token)
        self.book.link(handset, number, token)
        if script is not None:
            handset.play(script)
        self.changed(handset)
        return handset

    def changed(self, handset: Handset) -> None:
        """Keep what was changed about a handset, and let its messages try if it is reachable now."""
        self.journal.handset(handset)
        if handset.reachable:
            self.network.wake(handset)
        self._changed()

    def switch(self, handset: Handset, power: Power) -> None:
        """Switch on or off, walk out of coverage or back."""
        handset.power = power
        self.changed(handset)

    async def take(self, order: Order, mishap: Mishap | None) -> Message:
        """Take a message; it is on disk when this returns. `mishap`: what the caller will see instead of our answer."""
        now = time.time()
        first = Status.QUEUED if order.kind is Kind.SMS and not order.service else Status.ACCEPTED
        handset = self.handset_at(order.address, order.kind)
        message = Message(
            new_sid(), order.kind, Direction.OUT, handset.id, order.body, now, now + order.lifetime, first,
            sender=order.sender or self.own_number(), recipient=order.address, service=order.service,
            title=order.title, callback=order.callback, ours=order.ours, ack=order.ack, updated_at=now,
        )  # fmt: skip
        letters.measure(message)
        self.journal.message(message)
        self._note_call(order.kind, mishap or "taken", order.ours, message)
        early = bool(order.callback) and self.sky.chance(self.sky.weather.early)
        self.network.launch(message, early=early)
        await self.journal.kept()
        if early:
            await self.network.desk.first_word(message)
        return message

    def refuse(self, kind: Kind, ours: str, code: int) -> None:
        """Note a call that was answered with an error of the caller's own making."""
        self._note_call(kind, "refused", ours, None, code)

    def missed(self, kind: Kind, ours: str, mishap: Mishap) -> None:
        """Note a call that came to nothing."""
        self._note_call(kind, mishap, ours, None)

    async def say(self, handset: Handset, text: str) -> str:
        """The handset writes to the clinic, to the number that wrote to it last. Returns the SID; it is on disk.

        Raises ConflictError for a handset that cannot write.
        """
        if handset.number is None:
            raise ConflictError("This handset has only an app: it has no number to write from.")
        if not handset.reachable:
            raise ConflictError("This handset is not in the network. Switch it on first.")
        last = await self.journal.messages(
            "WHERE handset = ? AND direction = ? AND kind = ? ORDER BY id DESC LIMIT 1",
            handset.id, Direction.OUT, Kind.SMS,
        )  # fmt: skip
        to, service = (last[0].sender, last[0].service) if last else (self.own_number(), "")
        sid = new_sid()
        self.network.write(handset, text, to=to, service=service, sid=sid)
        await self.journal.kept()
        return sid

    def own_number(self) -> str:
        return self.options.numbers[0] if self.options.numbers else SPARE_NUMBER

    def figures(self) -> dict[str, dict[str, int]]:
        """Counts since the log began, by kind: `taken`, `refused`, `delivered`, `written`, `inbound`, `lost`, …

        `taken` counts messages; `throttled`, `server_error`, `reset` and `silence` count calls that ended so.
        """
        figures: dict[str, Counter[str]] = defaultdict(Counter)
        for (event, kind, outcome, taken), count in self.journal.counts.items():
            if event == "call":
                figures[kind]["calls"] += count
                if taken:
                    figures[kind]["taken"] += count
            name = outcome if event in {"call", "status"} or outcome == "lost" else event
            if name != "taken":
                figures[kind][name] += count
        totals = {kind: dict(figures[kind]) for kind in Kind}
        return totals | {"carrier": {"handsets": len(self.book), "owed": self.network.owed()}}

    def _note_call(self, kind: Kind, outcome: str, ours: str, message: Message | None, code: int | None = None) -> None:
        sid, handset = (message.sid, message.handset) if message else (None, None)
        self.journal.note(Note(time.time(), "call", kind, outcome, sid, ours or None, handset, code))

    def _changed(self) -> None:
        self.version += 1
