"""A whole country, made inside PostgreSQL, and what its reports cost: `python -m benchmarks.country [--people N]`.

One person has ten messages of five campaigns over ten months, in the states that a real network leaves them in; one of
ten wrote and has a thread. Nothing is sealed for real: it is for pages and reports, not for sending.
Other benchmarks fill a clinic of theirs with `fill`.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import NamedTuple

from sqlalchemy import text
from sqlalchemy.orm import Session

from benchmarks import crowd, lives
from outreach import log
from outreach.campaigns import content
from outreach.messages.status import RunState
from outreach.messages.tables import Run
from outreach.reports.cells import table
from outreach.reports.contract import scope_of
from outreach.reports.registry import REPORTS
from outreach.store import dialects
from outreach.workspace import Workspace
from tests.clinic import write_campaign

CAMPAIGNS = ("tb-adherence", "antenatal", "hiv-refill", "child-vaccines", "tb-screening")
TOPICS = ("tb", "maternal", "hiv", "vaccines", "tb")
EACH = 10  # messages a person
DAYS = 30  # from one message to the next

#: Share of messages by (state, reason) in thousandths, of SMS and push alike.
STATES = (
    (760, "delivered", ""),
    (110, "sent", ""),
    (30, "undelivered", "unreachable"),
    (20, "undelivered", "unread"),
    (20, "failed", "bad_number"),
    (10, "failed", "landline"),
    (20, "refused", "no_consent"),
    (10, "refused", "stopped"),
    (8, "expired", ""),
    (7, "cancelled", "stopped"),
    (5, "unknown", "lease"),
)

PATTERN = "country"
#: What every run was launched with.
_PATTERN = """title: A country
topic: tb
language: en
audience: {all: []}
channels: [push, sms]
steps:
  - {id: welcome, template: tb/welcome, at: "2026-01-05 09:00"}
  - {id: reminder, template: tb/welcome, every: "FREQ=WEEKLY;BYDAY=MO", at: "09:00"}
"""


def fill(workspace: Workspace, people: int) -> None:
    """Fill an empty clinic. About 0.3 s a thousand people."""
    with workspace.database.write() as session:
        session.execute(text("SET LOCAL synchronous_commit = off"))
        session.execute(text("SET LOCAL session_replication_role = replica"))  # no look at foreign keys, row by row
        _people(session, people)
        _runs(session, workspace)
        with _without_indexes(session, "message"):
            _messages(session, people)
            _threads(session, people)
        _rollups(session)
        lives.add(session, people)
    with workspace.database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE"))


def _people(session: Session, people: int) -> None:
    zones = ", ".join(f"'{zone}'" for zone in crowd.ZONES)
    many = {"people": people}
    for statement in (
        f"""INSERT INTO person (id, pseudonym, language, zone, country, openness, state, created_at, updated_at,
          replied_at)
        SELECT n, 'calm-river-' || n, (ARRAY['en', 'sw', 'fr'])[1 + n % 3], (ARRAY[{zones}])[1 + n % 8], 'KE',
          CASE n % 5 WHEN 0 THEN 'open' ELSE 'covert' END, 'active', now() - interval '300 days', now(),
          CASE WHEN n % 10 = 0 THEN now() END
        FROM generate_series(1, :people) AS n""",
        """INSERT INTO endpoint (id, person_id, kind, variant, value, lookup, state, reason, created_at, changed_at)
        SELECT n, n, 'sms', 'number', '\\x00', sha256(n::text::bytea),
          CASE WHEN n % 50 = 0 THEN 'gone' ELSE 'ok' END, CASE WHEN n % 50 = 0 THEN 'bad_number' ELSE '' END,
          now() - interval '300 days', CASE WHEN n % 50 = 0 THEN now() - n % 200 * interval '1 day' END
        FROM generate_series(1, :people) AS n""",
        "INSERT INTO person_tag SELECT n, 'on-treatment' FROM generate_series(1, :people, 2) AS n",
        """INSERT INTO person_field (person_id, name, text)
        SELECT n, 'district', 'district-' || n % 47 FROM generate_series(1, :people) AS n""",
        """INSERT INTO consent (person_id, topic, state, at, source, evidence, wording)
        SELECT n, topic, 'granted', now() - (300 - n % 290) * interval '1 day', 'file', 'form', 'v1'
        FROM generate_series(1, :people) AS n,
          LATERAL (VALUES ('tb'), ((ARRAY['maternal', 'hiv', 'vaccines'])[1 + n % 3])) AS t (topic)""",
        """INSERT INTO consent (person_id, topic, state, at, source, evidence, wording)
        SELECT n, '*', 'revoked', now() - n % 280 * interval '1 day', 'text', 'text', ''
        FROM generate_series(7, :people, 60) AS n""",
        """INSERT INTO standing (person_id, topic, state, at, wording)
        SELECT person_id, topic, state, at, wording FROM consent""",
        """INSERT INTO sender (name, provider, kind, pace, unit, next_at, halted_for)
        VALUES ('twilio-1', 'twilio', 'sms', 10, 'parts', now(), ''),
          ('twilio-2', 'twilio', 'sms', 10, 'parts', now(), '')
        ON CONFLICT DO NOTHING""",
    ):
        session.execute(text(statement), many if ":people" in statement else {})


def _runs(session: Session, workspace: Workspace) -> None:
    at = dialects.now(session)
    write_campaign(workspace, PATTERN, _PATTERN)
    frozen = content.of(workspace, PATTERN).frozen
    for place, campaign in enumerate(CAMPAIGNS):
        begun = at - timedelta(days=DAYS * (EACH - 2 * place))
        last = place == len(CAMPAIGNS) - 1
        session.add(
            Run(
                id=place + 1,
                campaign=campaign,
                topic=TOPICS[place],
                frozen={**frozen, "campaign": campaign, "title": campaign, "thread": f"{TOPICS[place]}-support"},
                content_hash=f"country-{place}",
                state=RunState.RUNNING if last else RunState.FINISHED,
                launched_by="country",
                launched_at=begun,
                changed_at=begun + timedelta(days=2 * DAYS),
            )
        )
    session.flush()


@contextmanager
def _without_indexes(session: Session, of: str) -> Iterator[None]:
    """Leave a table's indexes away for a while, those of constraints apart."""
    query = """SELECT indexname, indexdef FROM pg_indexes WHERE tablename = :of AND schemaname = current_schema()
      AND indexname NOT IN (SELECT conname FROM pg_constraint)"""
    known = session.execute(text(query), {"of": of}).all()
    for name, _ in known:
        session.execute(text(f"DROP INDEX {name}"))
    yield
    session.execute(text("SET LOCAL maintenance_work_mem = '256MB'"))
    for _, definition in known:
        session.execute(text(definition))


def _messages(session: Session, people: int) -> None:
    """`n` counts messages, `k` those of a person, `s` throws the dice for its state: the same each time."""
    limits = [sum(share for share, *_ in STATES[: place + 1]) for place in range(len(STATES))]

    def chosen(column: int) -> str:
        whens = " ".join(f"WHEN s < {limit} THEN '{STATES[p][column]}'" for p, limit in enumerate(limits))
        return f"CASE {whens} END"

    session.execute(
        text(
            f"""INSERT INTO message (direction, kind, purpose, person_id, topic, run_id, step, occurrence, dedupe_key,
              state, reason, code, priority, due_at, expires_at, day, sender, provider, provider_id, attempts, token,
              looks, parts, cost, created_at, updated_at)
            SELECT 'out', kind, 'campaign', person, (ARRAY{list(TOPICS)})[1 + k / 2], 1 + k / 2,
              (ARRAY['welcome', 'reminder'])[1 + k % 2], '', 'c:' || n, {chosen(1)}, {chosen(2)}, '', 9, due,
              due + interval '1 day', due::date, CASE kind WHEN 'push' THEN 'fcm' ELSE 'twilio-' || 1 + person % 2 END,
              CASE kind WHEN 'push' THEN 'fcm' ELSE 'twilio' END, 'SM' || lpad(to_hex(n), 32, '0'), 1, '', 0,
              1 + s % 2, CASE kind WHEN 'push' THEN 0 ELSE 0.0395 * (1 + s % 2) END, due, due + interval '1 minute'
            FROM (
              SELECT n, (n - 1) % :people + 1 AS person, (n - 1) / :people AS k, (n::bigint * 7919) % 1000 AS s,
                CASE WHEN n % 5 = 0 THEN 'push' ELSE 'sms' END AS kind,
                now() - ({EACH} - (n - 1) / :people) * interval '{DAYS} days' + n % 20 * interval '1 day' AS due
              FROM generate_series(1, :people * {EACH}) AS n
            ) AS made"""
        ),
        {"people": people},
    )


def _threads(session: Session, people: int) -> None:
    """One of ten people wrote, got an answer, and wrote once more; some wait, some threads are closed."""
    session.execute(
        text(
            """INSERT INTO thread (id, person_id, programme, topic, sender, state, hold, urgent, opened_at,
              waiting_since, closed_at, outcome)
            SELECT n / 10, n, (ARRAY['tb-support', 'maternal-support'])[1 + n / 10 % 2], 'tb', 'twilio-1',
              CASE WHEN n / 10 % 20 < 2 THEN 'waiting' WHEN n / 10 % 20 < 5 THEN 'answered' ELSE 'closed' END,
              n / 10 % 300 = 0, CASE WHEN n / 10 % 1000 = 0 THEN 'self_harm' ELSE '' END, opened,
              CASE WHEN n / 10 % 20 < 2 THEN opened + interval '3 hours' END,
              CASE WHEN n / 10 % 20 >= 5 THEN opened + interval '1 day' END, ''
            FROM (
              SELECT n, now() - n / 10 % 250 * interval '1 day' - n % 600 * interval '1 minute' AS opened
              FROM generate_series(10, :people, 10) AS n
            ) AS made"""
        ),
        {"people": people},
    )
    for place, direction, state, after in (
        (0, "in", "received", "0 s"),
        (1, "out", "delivered", "2 h"),
        (2, "in", "received", "3 h"),
    ):
        session.execute(
            text(
                f"""INSERT INTO message (direction, kind, purpose, person_id, topic, run_id, step, occurrence,
                  thread_id, dedupe_key, state, reason, code, priority, due_at, expires_at, day, sender, provider,
                  provider_id, attempts, token, looks, parts, cost, created_at, updated_at)
                SELECT '{direction}', 'sms', 'reply', person_id, topic, {"1 + id % 5" if direction == "in" else "NULL"},
                  '{"welcome" if direction == "in" else "reply"}', '', id, 't:{place}:' || id, '{state}',
                  '{"thread" if direction == "in" else ""}', '', 1, at, at, at::date, 'twilio-1', 'twilio',
                  'T{place}' || id, 1, '', 0, 1, {0 if direction == "in" else 0.0395}, at, at
                FROM (
                  SELECT thread.*,
                    opened_at + interval '{after}' * (1 + CASE WHEN {place} = 1 THEN id % 30 ELSE 0 END) AS at
                  FROM thread
                ) AS made"""
            )
        )
    session.execute(text("SELECT setval(pg_get_serial_sequence('thread', 'id'), (SELECT max(id) FROM thread))"))


def _rollups(session: Session) -> None:
    """As the migration counts what is there already (`store.migrations`), without its look at single lines."""
    for statement in (
        """INSERT INTO tally (run_id, step, day, kind, state, reason, sender, messages, parts, cost, people)
        SELECT coalesce(run_id, 0), step, day, kind, state, reason, sender, count(*), sum(parts), sum(cost),
          count(*) FILTER (WHERE direction = 'in' AND dedupe_key LIKE 't:0:%')
        FROM message GROUP BY 1, 2, 3, 4, 5, 6, 7""",
        """INSERT INTO thread_tally (programme, day, what, span, count)
        SELECT programme, opened_at::date, what, CASE what WHEN 'answered' THEN 80 + id % 30 ELSE 0 END, count(*)
        FROM thread, LATERAL (VALUES ('opened'), ('asked'), ('answered'), ('asked')) AS t (what) GROUP BY 1, 2, 3, 4""",
        """INSERT INTO consent_tally (topic, day, turn, source, reason, people)
        SELECT topic, at::date, CASE state WHEN 'granted' THEN 'joined' ELSE 'left' END, source, '', count(*)
        FROM consent WHERE topic <> '*' GROUP BY 1, 2, 3, 4
        UNION ALL
        SELECT standing.topic, consent.at::date, 'left', consent.source, '', count(*)
        FROM consent JOIN standing USING (person_id)
        WHERE consent.topic = '*' AND standing.topic <> '*' GROUP BY 1, 2, 4""",
    ):
        session.execute(text(statement))


class Measured(NamedTuple):
    """What a report costs, in milliseconds."""

    name: str
    rows: int
    median: float
    best: float
    cpu: float  # of this process, the best


def measure(workspace: Workspace, times: int = 5) -> list[Measured]:
    """Every report, of the whole clinic."""
    found = []
    with workspace.database.read() as session:
        scope = replace(scope_of(workspace.settings, dialects.now(session)), most=400)  # as a page asks
        for name, report in REPORTS.items():
            spent, ours = [], []
            for _ in range(times):
                begun, used = time.perf_counter(), time.process_time()
                rows = table(report, session, scope)
                ours.append(1000 * (time.process_time() - used))
                spent.append(1000 * (time.perf_counter() - begun))
            found.append(Measured(name, len(rows), statistics.median(spent), min(spent), min(ours)))
    return found


def main() -> None:
    """Make the country, measure its reports, take it away."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--people", type=int, default=1_000_000)
    chosen = options.parse_args()
    log.configure(json=False, level="error")
    begun = time.perf_counter()
    with crowd.a_clinic() as workspace:
        fill(workspace, chosen.people)
        print(
            f"{chosen.people:,} people, {chosen.people * EACH:,} messages: {time.perf_counter() - begun:,.0f} s to make"
        )
        for name, rows, median, best, cpu in measure(workspace):
            print(f"{name:10} {rows:7,} rows, median {median:7.1f} ms, best {best:7.1f} ms, our CPU {cpu:6.1f} ms")


if __name__ == "__main__":
    main()
