"""The only place that knows PostgreSQL from SQLite."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeVar
from zoneinfo import ZoneInfo

from psycopg.errors import DeadlockDetected, QueryCanceled
from sqlalchemy import (
    Engine,
    Select,
    String,
    Text,
    any_,
    bindparam,
    column,
    create_engine,
    event,
    func,
    select,
    tablesample,
    text,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection, make_url
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

if TYPE_CHECKING:
    import sqlite3  # what a worker on PostgreSQL has no use for: 1 MB

S = TypeVar("S", bound=Select[*tuple[Any, ...]])


def engine_for(url: str) -> Engine:
    """An engine with what each database needs to be safe. `url`: SQLAlchemy URL of SQLite or PostgreSQL."""
    if make_url(url).get_backend_name() == "sqlite":
        return _sqlite(url)
    engine = create_engine(
        url,
        hide_parameters=True,
        pool_size=10,
        max_overflow=10,
        pool_pre_ping=True,
        pool_recycle=1800,
        connect_args={name: value for name, value in _SILENCE.items() if name not in make_url(url).query},
    )
    event.listen(engine, "connect", _let_go_of_the_frozen)
    return engine


#: How a server that has gone silent without a word (a cable, a firewall that forgot the connection) is found out: the
#: system asks after 15 s, three times, 5 s apart; what was sent must be confirmed within 30 s (libpq's names; the URL
#: may say otherwise).
_SILENCE = {
    "connect_timeout": 10,
    "keepalives_idle": 15,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,
}


#: Seconds that a transaction of ours may stand idle: a process that is frozen in one lets go of what it locked.
IDLE_MOST = 60


def _let_go_of_the_frozen(connection: Any, _record: object) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"SET idle_in_transaction_session_timeout = '{IDLE_MOST}s'")
    connection.commit()


def _sqlite(url: str) -> Engine:
    engine = create_engine(url, hide_parameters=True, connect_args={"timeout": 30, "check_same_thread": False})

    @event.listens_for(engine, "connect")
    def _open(connection: sqlite3.Connection, _record: object) -> None:
        # The driver's own BEGIN comes too late to lock; ours is sent by `begin_write`.
        connection.isolation_level = None
        for pragma in (
            "journal_mode=WAL",
            "synchronous=NORMAL",
            "foreign_keys=ON",
            "busy_timeout=30000",
            "cache_size=-32000",
        ):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        writing = connection.get_execution_options().get("writing", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")

    return engine


def is_sqlite(session: Session) -> bool:
    """Whether this session talks to SQLite: one writer at a time, no row locks needed."""
    return session.get_bind().dialect.name == "sqlite"


def insert(session: Session, table: Any) -> Any:
    """An INSERT that knows ON CONFLICT, for this session's database."""
    return (sqlite.insert if is_sqlite(session) else postgresql.insert)(table)


def now(session: Session) -> datetime:
    """The database's clock: the only clock that guards look at."""
    if is_sqlite(session):
        stamp = session.scalar(text("SELECT strftime('%Y-%m-%dT%H:%M:%f', 'now')"))
        return datetime.fromisoformat(str(stamp)).replace(tzinfo=UTC)
    moment: datetime = session.connection().execute(_CLOCK).scalar_one()
    return moment.astimezone(UTC)


_CLOCK = select(func.clock_timestamp())  # made once: every piece of work asks


def day(session: Session, at: datetime) -> date:
    """The day of a moment at the clinic, whose zone every session of its database knows."""
    return at.astimezone(ZoneInfo(session.info.get(ZONE, "UTC"))).date()


#: Where a session keeps the clinic's time zone.
ZONE = "zone"


def take(query: S, *, of: Any = None, wait: bool = False, share: bool = False) -> S:
    """Lock what the query finds until the transaction ends; rows that others hold are passed over unless `wait`.

    SQLite ignores it: its write transactions are alone by nature.
    """
    return query.with_for_update(of=of, skip_locked=not wait, read=share)


def is_crossed(error: OperationalError) -> bool:
    """Whether a transaction was ended because it and another waited for each other; the database is well."""
    return isinstance(error.orig, DeadlockDetected)


def about_rows(session: Session, table: Any) -> int:
    """How many rows a table has, as PostgreSQL last noticed; 0 on SQLite, whose tables are small."""
    if is_sqlite(session):
        return 0
    return int(
        session.scalar(
            text("SELECT reltuples FROM pg_class WHERE oid = to_regclass(:name)"), {"name": table.__tablename__}
        )
        or 0
    )


def some_of(ids: Any, share: float) -> Any:
    """Ids of about this share of a table's rows, the same ones each time. For PostgreSQL only."""
    table = tablesample(ids.class_.__table__, func.system(min(100 * share, 100)), seed=text("7"))
    return select(table.c.id)


def in_time(session: Session, query: Any, milliseconds: int) -> Any:
    """The only row of a query; None where PostgreSQL was not ready in time. SQLite, whose tables are small, is."""
    if is_sqlite(session):
        return session.execute(query).one()
    try:
        with session.begin_nested():
            session.execute(text(f"SET LOCAL statement_timeout = {int(milliseconds)}"))
            found = session.execute(query).one()
            session.execute(text("SET LOCAL statement_timeout TO DEFAULT"))
            return found
    except OperationalError as error:
        if isinstance(error.orig, QueryCanceled):
            return None
        raise


def alone(session: Session, what: int) -> None:
    """Wait until no other transaction does `what` (a number of our own choice); ends with the transaction.

    A write transaction of SQLite is alone by nature, from its first statement on: this begins it.
    """
    if is_sqlite(session):
        session.connection()
    else:
        session.execute(select(func.pg_advisory_xact_lock(what)))


def among(session: Session, column: Any, values: Collection[Any]) -> Any:
    """The condition that a column is one of these values.

    PostgreSQL gets them as one array: the statement reads the same however many there are, and is planned once.
    """
    if is_sqlite(session):
        return column.in_(values)
    return column == any_(bindparam(None, list(values), type_=postgresql.ARRAY(column.type)))


def add_rows(
    session: Session, table: Any, rows: Sequence[Mapping[str, Any]], returning: Sequence[Any] = ()
) -> list[Any]:
    """Write new rows in bulk, those left out that are there already; gives `returning` of those that were written.

    Every row names the same columns. PostgreSQL gets one statement over arrays.
    """
    if not rows:
        return []
    if is_sqlite(session):
        single = sqlite.insert(table).on_conflict_do_nothing()
        made = session.execute(single.returning(*returning) if returning else single, rows)
        return list(made) if returning else []
    names = tuple(rows[0])
    statement = _adding(table.__table__, names, tuple(column.key for column in returning))
    made = session.connection().execute(statement, _arrays(names, rows))
    return list(made) if returning else []


@lru_cache(maxsize=256)
def _adding(table: Any, names: Sequence[str], returning: Sequence[str]) -> Any:
    given = _given(table, names)
    chosen = select(*[given.c[name] for name in names])
    statement = postgresql.insert(table).from_select(list(names), chosen).on_conflict_do_nothing()
    return statement.returning(*[table.c[name] for name in returning]) if returning else statement


def _arrays(names: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    return {f"{name}_s": [row[name] for row in rows] for name in names}


def _given(table: Any, names: Sequence[str]) -> Any:
    """Rows that come as arrays, one a column, bound as the column's name with `_s` behind it."""
    types = [(name, _unbounded(table.c[name].type)) for name in names]
    arrays = [bindparam(f"{name}_s", type_=postgresql.ARRAY(kind)) for name, kind in types]
    rows = func.unnest(*arrays).table_valued(*[column(name, kind) for name, kind in types])
    return rows.render_derived(name="given")


def _unbounded(kind: Any) -> Any:
    """A column's type without its length: a cast would cut off what is too long, where the column refuses it."""
    return Text() if isinstance(kind, String) else kind


def write_rows(session: Session, table: Any, rows: Sequence[Mapping[str, Any]]) -> None:
    """Set columns of many rows, found by `id`, each to its own values. Every row names the same columns.

    PostgreSQL gets one statement over arrays, SQLite a prepared one run in the same process.
    """
    names = tuple(rows[0]) if rows else ()
    if not {*names} - {"id"}:
        return  # nothing is new
    if is_sqlite(session):
        statement = (
            update(table)
            .where(table.c.id == bindparam("id_"))
            .values({name: bindparam(name) for name in names if name != "id"})
        )
        session.connection().execute(statement, [{**row, "id_": row["id"]} for row in rows])
    else:
        session.connection().execute(_writing(table, names), _arrays(names, rows))


@lru_cache(maxsize=256)
def _writing(table: Any, names: Sequence[str]) -> Any:
    given = _given(table, names)
    return update(table).where(table.c.id == given.c.id).values({name: given.c[name] for name in names if name != "id"})


def tallied(session: Session, statement: Any, columns: Sequence[Any], sums: Sequence[Any]) -> list[tuple[Any, ...]]:
    """Run an INSERT or UPDATE and give what it wrote by `columns`: their values, how many rows, the sums.

    PostgreSQL counts inside the database; SQLite, which is one small clinic, hands the rows over.
    """
    statement = statement.returning(*columns, *sums)
    if not is_sqlite(session):
        rows = statement.cte("written")
        by = [rows.c[column.key] for column in columns]
        query = select(*by, func.count(), *[func.sum(rows.c[each.key]) for each in sums]).group_by(*by)
        return [tuple(row) for row in session.execute(query)]
    found: dict[tuple[Any, ...], list[Any]] = {}
    for row in session.connection().execute(statement):
        total = found.setdefault(tuple(row[: len(columns)]), [0] * (1 + len(sums)))
        for place, value in enumerate((1, *row[len(columns) :])):
            total[place] += value
    return [(*cell, *total) for cell, total in found.items()]
