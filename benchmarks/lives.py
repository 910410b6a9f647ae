"""What makes a made-up country a clinic that works: conversations in hands, texts that can be read, a queue, a record.

`add` fills it in bulk inside PostgreSQL; `readable` seals what pages show with the keys of whoever measures.
"""

from __future__ import annotations

from sqlalchemy import insert, select, text, update
from sqlalchemy.orm import Session

from outreach.messages.tables import Message
from outreach.privacy import audit
from outreach.privacy.audit import Action
from outreach.privacy.tables import PersonKey
from outreach.privacy.vault import seal
from outreach.threads.tables import Thread
from outreach.workspace import Workspace

TALK = 40  # the thread with many texts
TEXTS = 60
QUEUED = 2  # one of so many people waits for the running campaign's next message
LINES = 120  # of the record

_SAID = "I took the tablets at eight, but my stomach hurts since Tuesday. Can I come on Friday instead? 0712 345 678"

_ROWS = (
    """INSERT INTO person_field (person_id, name, number)
    SELECT n, 'age', 15 + n % 60 FROM generate_series(3, :people, 3) AS n""",
    """INSERT INTO person_field (person_id, name, day)
    SELECT n, 'refill_date', current_date - 60 + (n / 2 % 120)::int FROM generate_series(2, :people, 2) AS n""",
    """INSERT INTO person_tag SELECT n, 'ward-' || n / 5 % 200 FROM generate_series(5, :people, 5) AS n""",
    """INSERT INTO endpoint (id, person_id, kind, variant, value, lookup, state, reason, created_at, changed_at)
    SELECT 100000000 + n, n, 'push', 'token', '\\x00', sha256(('push' || n)::bytea),
      CASE WHEN n % 3 = 0 THEN 'gone' ELSE 'ok' END, CASE WHEN n % 3 = 0 THEN 'app_removed' ELSE '' END,
      now() - interval '200 days', CASE WHEN n % 3 = 0 THEN now() - n % 100 * interval '1 day' END
    FROM generate_series(5, :people, 5) AS n""",
    """INSERT INTO opt_out_reason (person_id, evidence, reason, at)
    SELECT person_id, 'bench:' || id, (ARRAY['too_many', 'seen', 'done', 'useless'])[1 + id % 4], at
    FROM consent WHERE state = 'revoked' AND id % 3 = 0""",
    """UPDATE thread SET language = person.language,
      answered_at = CASE WHEN thread.state <> 'waiting' THEN opened_at + interval '2 hours' END,
      promised_at = CASE WHEN thread.state = 'waiting' THEN waiting_since + interval '1 day' END,
      missed_at = CASE WHEN thread.state = 'waiting' AND waiting_since < now() - interval '1 day' THEN now() END,
      wants_call = thread.id % 97 = 0,
      outcome = CASE WHEN thread.state = 'closed' THEN 'answered' ELSE '' END,
      assignee = CASE WHEN thread.id % 4 = 0 THEN '' ELSE (ARRAY['otieno', 'achieng', 'mutua'])[thread.id % 4] END
    FROM person WHERE person.id = person_id""",
    """INSERT INTO thread_event (id, thread_id, at, by, did, "to", outcome)
    SELECT 10 * id + k, id, opened_at + k * interval '1 hour', 'otieno', did, '', ''
    FROM thread, LATERAL (VALUES (1, 'taken'), (2, 'answered')) AS t (k, did) WHERE state <> 'waiting'""",
    """INSERT INTO alert (kind, subject, about, key, at, seen_by, seen_at)
    SELECT 'reveal_granted', 'reveal:' || n, '', 'bench:' || n, now() - n * interval '1 hour', 'mutua',
      CASE WHEN n > 20 THEN now() END
    FROM generate_series(1, 2000) AS n""",
    """INSERT INTO reveal (person_id, asked_by, asked_at, why, alone, granted_by, until, shown, reviewed_by, disputed)
    SELECT n, 'otieno', now() - n * interval '1 hour', '\\x00', false, CASE WHEN n > 10 THEN 'mutua' ELSE '' END,
      CASE WHEN n > 10 THEN now() - (n - 1) * interval '1 hour' END, 1, '', false
    FROM generate_series(1, least(5000, :people)) AS n""",
    f"""INSERT INTO message (direction, kind, purpose, person_id, topic, step, occurrence, thread_id, dedupe_key, state,
      priority, due_at, expires_at, day, sender, provider, provider_id, attempts, parts, cost, created_at, updated_at,
      reason, code, token, looks)
    SELECT CASE n % 2 WHEN 0 THEN 'in' ELSE 'out' END, 'sms', 'reply', person_id, topic, '', '', id,
      't:' || 10 + n || ':' || id, CASE n % 2 WHEN 0 THEN 'received' ELSE 'delivered' END, 1, at, at, at::date,
      'twilio-1', 'twilio', 'L' || n || ':' || id, 1, 1, 0, at, at, CASE n % 2 WHEN 0 THEN 'thread' ELSE '' END,
      '', '', 0
    FROM (SELECT thread.*, n, opened_at + n * interval '3 hours' AS at FROM thread, generate_series(1, {TEXTS}) AS n
      WHERE id = {TALK}) AS made""",
    f"""INSERT INTO tally (run_id, step, day, kind, state, reason, sender, messages, parts, cost, people)
    SELECT 0, '', day, 'sms', state, reason, sender, count(*), sum(parts), sum(cost), 0
    FROM message WHERE thread_id = {TALK} AND dedupe_key ~ '^t:[0-9]{{2}}:'
    GROUP BY day, state, reason, sender""",
    f"""INSERT INTO message (direction, kind, purpose, person_id, topic, run_id, step, occurrence, dedupe_key, state,
      priority, due_at, expires_at, day, sender, attempts, parts, cost, created_at, updated_at, reason, code, token,
      looks)
    SELECT 'out', 'sms', 'campaign', n, 'tb', 5, 'reminder', '2', 'q:' || n, 'queued', 9, due, due + interval '1 day',
      due::date, 'twilio-1', 0, 1, 0.0395, now(), now(), '', '', '', 0
    FROM (SELECT n, now() + interval '30 days' + n % 600 * interval '1 second' AS due
      FROM generate_series({QUEUED}, :people, {QUEUED}) AS n) AS made""",
    """INSERT INTO tally (run_id, step, day, kind, state, reason, sender, messages, parts, cost, people)
    SELECT 5, 'reminder', day, 'sms', 'queued', '', 'twilio-1', count(*), sum(parts), sum(cost), 0
    FROM message WHERE state = 'queued' GROUP BY day""",
)


def add(session: Session, people: int) -> None:
    """Fill it in, once."""
    for statement in _ROWS:
        session.execute(text(statement), {"people": people} if ":people" in statement else {})


def readable(workspace: Workspace) -> None:
    """Give the texts of the threads that lists begin with, and of `TALK`, words under this keyring; write a record."""
    with workspace.database.write() as session:
        threads = {TALK, 20}
        for order in (Thread.since, Thread.since.desc()):
            for place in (0, 1, 2, 3, 9):
                ids = select(Thread.id).where(Thread.place == place).order_by(order).limit(30)
                threads |= set(session.scalars(ids))
            threads |= set(session.scalars(select(Thread.id).where(Thread.language == "sw").order_by(order).limit(60)))
        found = session.execute(
            select(Message.id, Message.person_id, Message.dedupe_key).where(Message.thread_id.in_(threads))
        ).all()
        made = {person: workspace.vault.new_key(person) for person in {row.person_id for row in found}}
        session.execute(
            insert(PersonKey),
            [
                {"person_id": person, "master": master, "wrapped": wrapped}
                for person, (_, master, wrapped) in made.items()
            ],
        )
        sealed = [
            {"id": row.id, "body": seal(made[row.person_id][0], _SAID, "message", "body", row.dedupe_key)}
            for row in found
        ]
        session.execute(update(Message), sealed)
    for number in range(LINES):
        with workspace.database.write() as session:
            audit.append(
                session, workspace.vault, "achieng", Action.THREAD_ANSWERED, f"thread:{number}", "as she asked"
            )
