"""The rows of the fault table that need no server of their own: one clinic, one fault, the outcome that must hold.

Each scene sends the same small campaign. What it gives is what went wrong: nothing, when the row of the table holds.
"""

from __future__ import annotations

import os
import signal
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import select

from outreach.audience import people
from outreach.delivery.enqueue import Draft, enqueue
from outreach.failpoints import Action
from outreach.messages.status import Purpose
from outreach.messages.tables import Message
from outreach.store import dialects
from tests.faults.checker.records import instant, rows
from tests.faults.place import LEASE, STEPS, Land, number
from tests.faults.scene import FAIR, Scene, scene

MANY = 10_000
BATCH = 7


def killed_before_the_claim_commits(scene: Scene) -> None:
    """Sent once, within two sweeps."""
    scene.queue()
    scene.must("it was killed", scene.do("drain", trap=("claim.before_commit", Action.KILL)) == -signal.SIGKILL)
    scene.must("nothing is claimed", scene.states() == {"queued": 30})
    scene.do("drain", [5.0])
    scene.must("all of them went, once", set(scene.calls().values()) == {1} and len(scene.calls()) == 30)


def killed_after_the_claim(scene: Scene) -> None:
    """`unknown`, then `failed(not_found)`; 0 sends."""
    scene.queue()
    scene.do("drain", trap=("claim.committed", Action.KILL))
    scene.later(LEASE + 1)
    scene.do("sweep")
    scene.must("the doubt is shown", scene.states() == {"queued": 30 - BATCH, "unknown:lease": BATCH})
    scene.settle()
    scene.must("not found", scene.states() == {"queued": 30 - BATCH, "failed:not_found": BATCH})
    scene.must("nothing was sent", not scene.calls())


def killed_after_the_provider_accepted(scene: Scene) -> None:
    """The provider's list settles it; exactly 1 send, with parts and cost."""
    scene.queue(BATCH)
    scene.do("drain", trap=("send.answered", Action.KILL))
    scene.settle()
    scene.must("the list settles it", scene.states() == {"accepted": BATCH})
    scene.must("exactly one send", list(scene.calls().values()) == [1] * BATCH)
    scene.later(LEASE + 1)
    scene.do("sweep")
    scene.must("the cost is known", all(row["cost"] > 0 for row in scene.out()))


def killed_and_settled_by_receipt(scene: Scene) -> None:
    """A receipt, which carries our id, settles it before anybody looks."""
    scene.queue(BATCH)
    scene.do("drain", trap=("send.answered", Action.KILL))
    told = [(line["sid"], "sent", int(line["message"])) for line in scene.ledger.read()]
    scene.do("receipts", told)
    scene.must("the receipt settles it", scene.states() == {"sent": BATCH})
    scene.settle()
    scene.must("and it stays so", scene.states() == {"sent": BATCH})


def unclear_answers(scene: Scene) -> None:
    """Timeouts, 5xx and resets are shown as `unknown` at once, and never sent again under `hold`."""
    scene.queue(BATCH)
    scene.do("drain", weather={"silent": 1})
    scene.must("shown at once", scene.states() == {"unknown:ambiguous": BATCH})
    scene.settle()
    scene.must("the list has them", scene.states() == {"accepted": BATCH})
    scene.queue(BATCH)
    scene.do("drain", weather={"lost": 1})
    scene.settle()
    scene.must("nobody has them", scene.states() == {"accepted": BATCH, "failed:not_found": BATCH})
    scene.must("never again", set(scene.calls().values()) == {1})


def throttled(scene: Scene) -> None:
    """429: nothing lost, no attempt burned, replies overtake bulk, drained within twice the nominal batches."""
    scene.queue(70)
    for _ in range(12):
        scene.do("drain", weather={"throttled": 1})
        scene.later(6)
    scene.must("all of them wait", {row["state"] for row in scene.out()} == {"queued"})
    scene.must("no attempt is burned", {row["attempts"] for row in scene.out()} == {0})
    with scene.place.opened() as workspace, workspace.database.write() as session:
        person = scene.place.people[1]
        key = people.keys_of(session, workspace.vault, [person])[person]
        draft = Draft(person, key, Purpose.REPLY, "Come by.", "reply:1", "twilio")
        reply = enqueue(session, draft, workspace.settings, dialects.now(session))
    before = len(scene.ledger.read())
    scene.later(10)
    scene.do("answer")
    rounds = 0
    while any(row["state"] == "queued" for row in scene.out()) and rounds < 40:
        scene.later(3)
        scene.do("drain")
        rounds += 1
    scene.must("drained in time", rounds <= 2 * 70 / BATCH)
    scene.must("the reply went first", scene.ledger.read()[before]["message"] == str(reply))
    scene.must("nothing is lost", scene.states() == {"accepted": 71})


def receipts_in_any_order(scene: Scene) -> None:
    """Duplicated, reversed, early: the right final state."""
    scene.queue(3 * BATCH)
    scene.do("drain", [5.0])
    sids = [(line["sid"], int(line["message"])) for line in scene.ledger.read()]
    for sid, message in sids:
        for word in ("sent", "delivered"):
            scene.ledger.note(event="status", outcome=word, sid=sid, message=str(message))
    backwards = [(sid, word, message) for word in ("delivered", "sent") for sid, message in sids]
    for told in (backwards, backwards[::-1], backwards):
        scene.do("receipts", told)
    scene.must("delivered", scene.states() == {"delivered": 3 * BATCH})


def early_receipts(scene: Scene) -> None:
    """A receipt that overtakes the answer is right, and the answer that comes after it changes nothing wrongly."""
    scene.queue(BATCH)
    child = scene.begin("drain", trap=("send.answered", Action.FREEZE))
    os.waitpid(child, os.WUNTRACED)
    told = [(line["sid"], "delivered", int(line["message"])) for line in scene.ledger.read()]
    for sid, word, message in told:
        scene.ledger.note(event="status", outcome=word, sid=sid, message=str(message))
    scene.do("receipts", told)
    os.kill(child, signal.SIGCONT)
    os.waitpid(child, 0)
    scene.must("delivered", scene.states() == {"delivered": BATCH})
    scene.must("and priced", all(row["cost"] > 0 for row in scene.out()))


def lost_receipts(scene: Scene) -> None:
    """Receipts that never come are asked for."""
    scene.queue(BATCH)
    scene.do("drain")
    for line in scene.ledger.read():
        scene.ledger.note(event="status", outcome="delivered", sid=line["sid"], message=line["message"])
    scene.later(60)
    scene.do("sweep")
    scene.must("polled", scene.states() == {"delivered": BATCH})


def two_beats(scene: Scene) -> None:
    """Two plan and drain at the same moment, again and again: nothing twice, nothing missed."""
    scene.place.launch("hold")
    for _ in range(4):
        pair = [scene.begin(name) for name in ("plan", "plan", "drain", "drain")]
        for child in pair:
            os.waitpid(child, 0)
    for _ in range(3):
        scene.later(3)
        scene.do("drain", [5.0])
    planned = Counter((row["person_id"], row["step"]) for row in scene.out())
    scene.must(
        "each step once each", set(planned.values()) == {1} and len(planned) == 4 * (len(scene.place.people) - 1)
    )
    scene.must("each sent once", set(scene.calls().values()) == {1})


def poison(scene: Scene) -> None:
    """A text that cannot be written for one person fails for her, with a reason; the batch goes on."""
    made = scene.queue(BATCH)
    with scene.place.opened() as workspace, workspace.database.write() as session:
        row = session.scalars(select(Message).where(Message.id == made[2])).one()
        row.body = b"nobody can open this"
    scene.do("drain")
    scene.must("she fails alone", scene.states() == {"accepted": BATCH - 1, "failed:template": 1})


def a_worker_thawed_after_its_lease(scene: Scene) -> None:
    """Frozen before the call: nothing is sent by it that anybody counts as not sent, and its old token is refused."""
    _thawed_late(scene, "failed:not_found")
    scene.must("late evidence is believed", scene.states() == {"accepted": BATCH})
    scene.must("sent once", set(scene.calls().values()) == {1})


def a_worker_thawed_into_silence(scene: Scene) -> None:
    """Frozen before the call; what it sends afterwards is taken without a word. The list tells, as for any doubt."""
    _thawed_late(scene, "failed:not_found", weather={"silent": 1})
    scene.must("in doubt again", scene.states() == {"unknown:ambiguous": BATCH})
    scene.settle()
    scene.must("found in the list", scene.states() == {"accepted": BATCH})
    scene.must("sent once", set(scene.calls().values()) == {1})


def a_worker_thawed_before_another_try(scene: Scene) -> None:
    """Frozen before the call, thawed when its messages wait to be sent again: what it was told spares them that."""
    _thawed_late(scene, "queued:not_found", on_unknown="resend")
    scene.must("its answer is believed", scene.states() == {"accepted": BATCH})
    scene.do("drain", [3.0])
    scene.must("sent once", set(scene.calls().values()) == {1})


def _thawed_late(scene: Scene, meanwhile: str, on_unknown: str = "hold", weather: Mapping[str, int] = FAIR) -> None:
    """Let a worker call when its messages have been looked for twice; `meanwhile` is where they stand then."""
    scene.queue(BATCH, on_unknown)
    child = scene.begin("drain", trap=("send.before_call", Action.FREEZE), weather=weather)
    os.waitpid(child, os.WUNTRACED)
    scene.settle()
    scene.must(f"{meanwhile} meanwhile", scene.states() == {meanwhile: BATCH})
    os.kill(child, signal.SIGCONT)
    os.waitpid(child, 0)


def a_worker_thawed_before_it_wrote(scene: Scene) -> None:
    """Frozen after the claim and thawed past its lease, it hands nothing over."""
    scene.queue(BATCH)
    child = scene.begin("drain", trap=("claim.committed", Action.FREEZE))
    os.waitpid(child, os.WUNTRACED)
    with scene.place.opened() as workspace:
        until = workspace.database.now() + timedelta(seconds=LEASE + 0.5)
        while (left := until - workspace.database.now()) > timedelta(0):
            time.sleep(left.total_seconds())
    os.kill(child, signal.SIGCONT)
    os.waitpid(child, 0)
    scene.must("nothing was handed over", not scene.calls())


def stop_in_the_middle(scene: Scene) -> None:
    """STOP with 10,000 rows queued: no later claim for that person; pause and FORGET likewise."""
    scene.queue(MANY)
    busy = scene.begin("drain", [3.0])
    who = 5
    scene.must("the STOP is taken", scene.do("text", [("IN-stop", number(who), "STOP")]) == 0)
    pseudonym = {row["id"]: row["pseudonym"] for row in rows(scene.place.url)["person"]}[scene.place.people[6]]
    scene.must("she is forgotten", scene.do("forget", [pseudonym]) == 0)
    os.waitpid(busy, 0)
    scene.do("drain", [3.0])
    waiting = [
        row
        for row in scene.out()
        if row["person_id"] in {scene.place.people[who], scene.place.people[6]} and row["purpose"] == "campaign"
    ]
    scene.must("nothing waits for them", not any(row["state"] in {"planned", "queued", "sending"} for row in waiting))


def paused_in_the_middle(scene: Scene) -> None:
    """Pause when two workers have claimed: no claim comes after it, nothing is lost, and all of it goes on."""
    scene.place.launch("hold")
    scene.do("plan")
    scene.later(5)
    busy = [scene.begin("drain", [2.0], trap=("claim.committed", Action.FREEZE)) for _ in range(2)]
    for child in busy:
        os.waitpid(child, os.WUNTRACED)
    scene.do("pause")
    for child in busy:
        os.kill(child, signal.SIGCONT)
        os.waitpid(child, 0)
    before = scene.calls()
    scene.must("what was claimed goes", len(before) == 2 * BATCH)
    scene.do("drain", [2.0])
    scene.must("nothing goes while paused", scene.calls() == before)
    scene.do("resume", trap=("turn.committed", Action.KILL))
    scene.do("sweep")
    for _ in range(3):
        scene.later(3)
        scene.do("drain", [5.0])
    scene.must("all of it went", set(scene.states()) <= {"accepted", "queued"} and len(scene.calls()) > len(before))


def clocks_change(scene: Scene) -> None:
    """Two beats plan over the days on which clocks change: what is left out comes at the jump, what is twice once."""
    year = datetime.now(UTC).year + 1
    spring, autumn = (_last_sunday(year, month) for month in (3, 10))
    scene.place.move("Europe/Paris")
    far = scene.place.settings.model_copy(update={"plan_ahead": timedelta(days=800)})
    scene.place = replace(scene.place, settings=far)
    scene.place.launch("hold", [spring.replace(hour=2, minute=30), autumn.replace(hour=2, minute=30)])
    for child in [scene.begin("plan"), scene.begin("plan")]:
        os.waitpid(child, 0)
    scene.do("plan")
    due = Counter((row["step"], instant(row["due_at"])) for row in scene.out())
    agreed = len(scene.place.people) - 1
    jump, first = spring.replace(hour=1), autumn.replace(minute=30)
    scene.must("each once, at the right instant", due == {(STEPS[0], jump): agreed, (STEPS[1], first): agreed})


def _last_sunday(year: int, month: int) -> datetime:
    """When Europe changes its clocks: the last Sunday of March and of October (Directive 2000/84/EC)."""
    last = datetime(year, month, 31, tzinfo=UTC)
    return last - timedelta(days=(last.weekday() + 1) % 7)


SCENES: Mapping[str, Callable[[Scene], None]] = {
    "killed before the claim commits": killed_before_the_claim_commits,
    "killed after the claim, before the call": killed_after_the_claim,
    "killed after the provider accepted; list": killed_after_the_provider_accepted,
    "killed after the provider accepted; receipt": killed_and_settled_by_receipt,
    "provider times out, 5xx, resets": unclear_answers,
    "429 storm": throttled,
    "receipts duplicated and reversed": receipts_in_any_order,
    "receipts early": early_receipts,
    "receipts lost": lost_receipts,
    "two beats": two_beats,
    "the clocks change": clocks_change,
    "a poison message": poison,
    "frozen before the call, thawed after all was settled": a_worker_thawed_after_its_lease,
    "frozen before the call, thawed into silence": a_worker_thawed_into_silence,
    "frozen before the call, thawed before another try": a_worker_thawed_before_another_try,
    "frozen after the claim, thawed past its lease": a_worker_thawed_before_it_wrote,
    "STOP and FORGET with 10,000 rows queued": stop_in_the_middle,
    "pause in the middle, resume killed": paused_in_the_middle,
}


def play(land: Land, folder: Path, name: str) -> list[str]:
    """Play one scene; gives what went wrong."""
    with scene(land, folder) as stage:
        SCENES[name](stage)
        return stage.judged()
