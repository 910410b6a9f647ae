"""A throw-away clinic for benchmarks: a database of its own, made-up people, settings that lead to nobody's phone."""

from __future__ import annotations

import contextlib
import ipaddress
import os
import secrets
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from pydantic import SecretStr
from sqlalchemy import create_engine, insert, inspect, text
from sqlalchemy.engine import Engine, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError

from outreach.audience import people
from outreach.consent import ConsentState, Standing
from outreach.errors import ConflictError, SettingError, StoreError
from outreach.messages.samples import copy
from outreach.privacy.keyring import Keyring
from outreach.settings import Settings
from outreach.store import dialects
from outreach.workspace import Workspace, prepare

ACCOUNT, TOKEN, OURS, TOPIC = "AC" + "0" * 32, "made-up-for-the-bench", "+15005550006", "tb"
CHUNK = 5000
LOOPBACK = "127.0.0.1"

#: Settings of the clinic that decide what its installation carries, and are tried as they are.
TRIED = ("batch", "lease", "sweep_every", "look_after", "dormant_after", "zone", "country")


@dataclass(frozen=True, slots=True)
class Ground:
    """A throw-away clinic. `env`: what its processes find in their environment, nobody else's settings among it."""

    workspace: Workspace
    env: Mapping[str, str]
    port: int  # of its web process
    provider: int  # the port of its provider
    certificate: Path
    address: str = LOOPBACK  # where its provider listens

    @property
    def folder(self) -> Path:
        """The clinic's folder."""
        return self.workspace.folder


@contextmanager
def a_ground(clinic: Settings, url: str = "", broker: str = "", address: str = LOOPBACK) -> Iterator[Ground]:
    """An empty clinic with the tried settings of `clinic`, gone at the end of the block with everything in it.

    `url`: SQLAlchemy URL of a PostgreSQL server, on which a database is made; empty: SQLite in a folder of its own.
    `address`: of this machine, where workers reach the provider.
    Raises SettingError, StoreError, ConflictError.
    """
    with TemporaryDirectory(prefix="outreach-bench-") as name, _database(url, Path(name)) as fresh:
        refuse_known(fresh, clinic)
        folder = Path(name) / "clinic"
        folder.mkdir()
        copy("templates", folder)
        (folder / "campaigns").mkdir()
        Keyring.new().save(folder / "keyring.json")
        certificate = certificate_for(folder, address)
        port, provider = free_port(), free_port(address)
        settings = _settings(clinic, folder, fresh, port, f"https://{address}:{provider}")
        workspace = prepare(settings)
        try:
            env = _environment(settings, broker, certificate)
            yield Ground(workspace, env, port, provider, certificate, address)
        finally:
            workspace.close()


def refuse_known(url: str, clinic: Settings) -> None:
    """Raise ConflictError for the clinic's own database, and for any other that is not empty."""
    ours, theirs = make_url(url), make_url(clinic.database)
    if (ours.host, ours.port, ours.database) == (theirs.host, theirs.port, theirs.database):
        raise ConflictError("That is the clinic's own database: a benchmark never writes into it.")
    if ours.get_backend_name() == "sqlite" and not Path(ours.database or "").exists():
        return
    engine = create_engine(url, hide_parameters=True)
    try:
        if inspect(engine).get_table_names():
            raise ConflictError("That database is not empty: a benchmark writes only into one that it has made.")
    finally:
        engine.dispose()


@contextmanager
def _database(url: str, folder: Path) -> Iterator[str]:
    if not url:
        yield f"sqlite:///{folder / 'bench.db'}"
        return
    server = _server(url)
    name = f"outreach_bench_{secrets.token_hex(6)}"
    try:
        _run(server, f"CREATE DATABASE {name} TEMPLATE template0")
    except DBAPIError as error:
        server.dispose()
        raise StoreError(
            f"No database could be made on that server ({type(error.orig).__name__}). It must run, and the URL's user "
            "must be allowed to make databases (CREATEDB)."
        ) from None
    try:
        yield server.url.set(database=name).render_as_string(hide_password=False)
    finally:
        _run(server, f"DROP DATABASE {name} WITH (FORCE)")
        server.dispose()


def _server(url: str) -> Engine:
    try:
        server = make_url(url)
    except ArgumentError:
        server = None
    if server is None or server.drivername != "postgresql+psycopg":
        raise SettingError("The database must be named like postgresql+psycopg://user@host/postgres.")
    return create_engine(server, hide_parameters=True, isolation_level="AUTOCOMMIT")


def _run(server: Engine, statement: str) -> None:
    with server.connect() as connection:
        connection.execute(text(statement))


def _settings(clinic: Settings, folder: Path, url: str, port: int, provider: str) -> Settings:
    given: Mapping[str, object] = clinic.providers.get("twilio") or {}
    kept = {name: str(given[name]) for name in ("connections", "timeout") if name in given}
    twilio = {
        "account_sid": ACCOUNT,
        "token": TOKEN,
        "from": OURS,
        "api_base": provider,
        "pace": "100000",
        "pace_unit": "messages",
        **kept,
    }
    changes = {name: getattr(clinic, name) for name in TRIED} | {
        "workspace": folder,
        "database_url": url,
        "keyring": SecretStr(""),
        "keyring_file": folder / "keyring.json",
        "public_url": f"http://127.0.0.1:{port}",
        "port": port,
        "clinic": "Sunrise",
        "quiet_hours": "off",
        "most_a_day": 0,
        "most_a_week": 0,
        "log_level": "error",
        "plan_ahead": timedelta(days=2),
        "providers": {"twilio": twilio},
    }
    plain: dict[str, Any] = {
        name: field.get_default(call_default_factory=True) for name, field in Settings.model_fields.items()
    }
    return clinic.model_copy(update=plain | changes)


def _environment(settings: Settings, broker: str, certificate: Path) -> dict[str, str]:
    """This process's environment without anybody's settings, and with these."""
    names = (*TRIED, "database_url", "keyring_file", "public_url", "port", "clinic", "quiet_hours", "most_a_day")
    plain = settings.model_dump(mode="json", include={*names, "most_a_week", "log_level", "plan_ahead"})
    env = {name: value for name, value in os.environ.items() if not name.startswith("OUTREACH_")}
    env.pop("PYTHONDONTWRITEBYTECODE", None)  # an installation's modules are compiled: compiling takes memory too
    env |= {f"OUTREACH_{name.upper()}": str(value) for name, value in plain.items() if value is not None}
    for name, value in settings.providers["twilio"].items():
        env[f"OUTREACH_PROVIDERS__TWILIO__{name.upper()}"] = str(value)
    if broker:
        env |= {"OUTREACH_BROKER_URL": broker, "OUTREACH_BROKER_PREFIX": f"bench-{secrets.token_hex(4)}"}
    return env | {"SSL_CERT_FILE": str(certificate)}


def certificate_for(folder: Path, address: str = LOOPBACK) -> Path:
    """A certificate and its key for an address, in one file that only its owner can read."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a made-up provider")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=2))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(address))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ) + made.public_bytes(serialization.Encoding.PEM)
    path = folder / "provider.pem"
    path.touch(mode=0o600)
    path.write_bytes(pem)
    return path


def free_port(address: str = LOOPBACK) -> int:
    """A port of an address of this machine's that nobody listens on."""
    with contextlib.closing(socket.socket()) as probe:
        probe.bind((address, 0))
        return int(probe.getsockname()[1])


def crowd(workspace: Workspace, count: int, zones: tuple[str, ...] = ("Africa/Nairobi",)) -> None:
    """People with keys and sealed numbers, who agreed to the topic: sending to them does the real work."""
    for start in range(0, count, CHUNK):
        with workspace.database.write() as session:
            at = dialects.now(session)
            new = [
                people.newcomer(
                    workspace.vault,
                    f"+2547{each:08d}",
                    f"bench-{each}",
                    country="KE",
                    zone=zones[each % len(zones)],
                    language="en",
                    at=at,
                )
                for each in range(start, min(start + CHUNK, count))
            ]
            people.add(session, new)
            granted = {"topic": TOPIC, "state": ConsentState.GRANTED, "until": None, "at": at, "wording": ""}
            session.execute(insert(Standing), [{"person_id": each.person["id"], **granted} for each in new])
    analyze(workspace)


def analyze(workspace: Workspace) -> None:
    """Let PostgreSQL look at what was written in bulk, as its autovacuum would within the minute."""
    if workspace.database.engine.dialect.name != "sqlite":
        with workspace.database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM ANALYZE"))
