"""Staff, their ways in, and where they are signed in. Whatever opens a door is kept as a hash or sealed."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from outreach.staff.roles import StaffState
from outreach.store.base import Base
from outreach.store.types import Serial

NAME = 32  # characters of a staff name


class Staff(Base):
    """A member of staff. The name is for good: it stands in the record of what staff did."""

    __tablename__ = "staff"
    __table_args__ = (CheckConstraint("state IN ('active', 'suspended')", name="state"),)

    name: Mapped[str] = mapped_column(String(NAME), primary_key=True)
    display_name: Mapped[str] = mapped_column(String(80))
    roles: Mapped[str] = mapped_column(String(80))  # words, in the order of `Role`
    language: Mapped[str] = mapped_column(String(8), default="")  # "": as the browser says
    state: Mapped[StaffState] = mapped_column(String(12))
    phone: Mapped[bytes | None] = mapped_column(LargeBinary)  # sealed
    password: Mapped[str] = mapped_column(String(200), default="")  # Argon2id; "": none yet
    totp: Mapped[bytes | None] = mapped_column(LargeBinary)  # sealed
    totp_used: Mapped[int] = mapped_column(BigInteger, default=0)  # the last time step that was taken
    subject: Mapped[str | None] = mapped_column(String(400), unique=True)  # issuer and subject of an OIDC account
    handle: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)  # what passkeys know them by
    created_at: Mapped[datetime]


class StaffLink(Base):
    """A one-time way in. `code` is a hash."""

    __tablename__ = "staff_link"

    code: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    name: Mapped[str] = mapped_column(String(NAME), ForeignKey("staff.name"), index=True)
    made_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class StaffSession(Base):
    """One browser. `token` is a hash. `name` is empty, or `whole` false, while somebody is still signing in."""

    __tablename__ = "staff_session"

    token: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    name: Mapped[str | None] = mapped_column(String(NAME), ForeignKey("staff.name"), index=True)
    whole: Mapped[bool]
    way: Mapped[str] = mapped_column(String(16))  # link, password, passkey, oidc, demo
    held: Mapped[dict[str, Any]]  # what a sign-in under way must remember
    made_at: Mapped[datetime]
    seen_at: Mapped[datetime] = mapped_column(index=True)


class StaffPasskey(Base):
    """A passkey: its public half."""

    __tablename__ = "staff_passkey"

    id: Mapped[int] = mapped_column(Serial, primary_key=True, autoincrement=True)
    credential: Mapped[bytes] = mapped_column(LargeBinary(1023), unique=True)
    name: Mapped[str] = mapped_column(String(NAME), ForeignKey("staff.name"), index=True)
    label: Mapped[str] = mapped_column(String(80))
    public_key: Mapped[bytes] = mapped_column(LargeBinary)
    sign_count: Mapped[int] = mapped_column(BigInteger)
    made_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class StaffRecovery(Base):
    """A recovery code, as a hash; the row goes when it is used."""

    __tablename__ = "staff_recovery"

    code: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    name: Mapped[str] = mapped_column(String(NAME), ForeignKey("staff.name"), index=True)


class StaffTries(Base):
    """How often something was tried in a stretch of time. `key` is a keyed hash of who or where."""

    __tablename__ = "staff_tries"

    key: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    since: Mapped[datetime] = mapped_column(index=True)
    count: Mapped[int]


class ApiToken(Base):
    """What another program shows at the JSON API. `token` is a hash; the name is for good, as a member's is."""

    __tablename__ = "api_token"

    id: Mapped[int] = mapped_column(Serial, primary_key=True, autoincrement=True)
    name: Mapped[str] = mapped_column(String(NAME), unique=True)
    token: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    scopes: Mapped[str] = mapped_column(String(200))  # words, in the order of `tokens.Scope`
    made_by: Mapped[str] = mapped_column(String(64))
    made_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


class ApiAnswer(Base):
    """A write of another program and how it was answered (`staff.again`). `key` and `asked` are keyed hashes; `answer`
    is sealed, and empty while the work goes on.
    """

    __tablename__ = "api_answer"

    token_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("api_token.id"), primary_key=True, autoincrement=False)
    key: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    asked: Mapped[bytes] = mapped_column(LargeBinary(32))
    begun_at: Mapped[datetime] = mapped_column(index=True)
    answer: Mapped[bytes | None] = mapped_column(LargeBinary)
