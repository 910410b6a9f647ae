"""The vault: AES-256-GCM with a key per person, and a keyed index to find a number without being able to read it.

A sealed value is bound to its place (table | column | row) as associated data, so that a value moved to another row
does not open. A person's key is wrapped by a master key; forgetting her means deleting that one small row.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import secrets
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from outreach.errors import KeyringError
from outreach.settings import Settings

KEY = 32  # bytes of every key
NONCE = 12  # bytes of a GCM nonce
PROOF = b"outreach: this keyring opens this database"


@dataclass(frozen=True, slots=True)
class Keyring:
    """The master keys by name, which one is current, and the key of the index."""

    index: bytes = field(repr=False)
    current: str
    master: Mapping[str, bytes] = field(repr=False)

    @classmethod
    def new(cls) -> Keyring:
        """A fresh keyring."""
        return cls(secrets.token_bytes(KEY), "k1", {"k1": secrets.token_bytes(KEY)})

    def dump(self) -> str:
        """As JSON, for the keyring file."""
        return json.dumps(
            {
                "index": _text(self.index),
                "current": self.current,
                "master": {name: _text(key) for name, key in self.master.items()},
            },
            indent=1,
        )

    @classmethod
    def parse(cls, text: str, origin: str) -> Keyring:
        """Read what `dump` wrote. `origin` names where it came from. Raises KeyringError."""
        try:
            raw = json.loads(text)
            keyring = cls(
                _bytes(raw["index"]),
                str(raw["current"]),
                {name: _bytes(key) for name, key in raw["master"].items()},
            )
        except (ValueError, KeyError, TypeError, AttributeError):
            raise KeyringError(
                f"The keyring in {origin} is not readable. Restore it from its backup; none is ever overwritten."
            ) from None
        keys = [keyring.index, *keyring.master.values()]
        if keyring.current not in keyring.master or any(len(key) != KEY for key in keys):
            raise KeyringError(f"The keyring in {origin} is incomplete. Restore it from its backup.")
        return keyring

    def save(self, path: Path) -> None:
        """Write to a new file that only its owner can read. Raises KeyringError when the file exists."""
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle, whole = tempfile.mkstemp(dir=path.parent, prefix=".keyring-")  # mode 0600
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(self.dump() + "\n")
                file.flush()
                os.fsync(file.fileno())
            os.link(whole, path)  # there whole or not at all, and never over another one
        except FileExistsError:
            raise KeyringError(f"{path} exists already: keys are never overwritten.") from None
        finally:
            os.unlink(whole)


def keyring_of(settings: Settings) -> Keyring:
    """The keyring that the settings name. Raises KeyringError with the remedy."""
    given = settings.keyring.get_secret_value()
    if given:
        return Keyring.parse(given, "OUTREACH_KEYRING")
    if settings.keyring_file is None:
        raise KeyringError("No keys: run `outreach init`, or set OUTREACH_KEYRING_FILE or OUTREACH_KEYRING.")
    path = settings.keyring_file.expanduser()
    try:
        loose = path.stat().st_mode & 0o077
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise KeyringError(
            f"The keyring file {path} cannot be read ({error.strerror}). Put it back from its backup."
        ) from None
    except UnicodeDecodeError:
        text = ""  # damaged: said below, like every other damage
    if loose:
        raise KeyringError(f"Others on this machine may read {path}. Run: chmod 600 {path}")
    return Keyring.parse(text, str(path))


class Vault:
    """Seals and opens what belongs to a person. All bytes; keys are 32 bytes."""

    def __init__(self, keyring: Keyring) -> None:
        self._keyring = keyring
        self._masters = {name: AESGCM(key) for name, key in keyring.master.items()}

    @property
    def current(self) -> str:
        """The name of the master key that wraps new keys."""
        return self._keyring.current

    @property
    def masters(self) -> tuple[str, ...]:
        """The names of the master keys."""
        return tuple(self._masters)

    def derive(self, purpose: str) -> bytes:
        """A key for one purpose, 32 bytes, stable as long as the index key is."""
        return hmac.digest(self._keyring.index, b"derive|" + purpose.encode(), hashlib.sha256)

    def lookup(self, kind: str, value: str) -> bytes:
        """The keyed index of a value, 32 bytes: the same value of a kind gives the same index."""
        return hmac.digest(self._keyring.index, f"{kind}|{value}".encode(), hashlib.sha256)

    def new_key(self, person_id: int) -> tuple[bytes, str, bytes]:
        """A fresh key for a person: the key itself, the master's name, the wrapped key to store."""
        key = secrets.token_bytes(KEY)
        return (
            key,
            self.current,
            _seal(self._masters[self.current], key, _place("person_key", "wrapped", person_id)),
        )

    def unwrap(self, person_id: int, master: str, wrapped: bytes) -> bytes:
        """A person's key. Raises KeyringError when the master key is missing or wrong."""
        if master not in self._masters:
            raise KeyringError(f"Master key {master!r} is not in the keyring. Restore the keyring from its backup.")
        return _open(self._masters[master], wrapped, _place("person_key", "wrapped", person_id))

    def prove(self, master: str) -> bytes:
        """The known word, sealed, to store beside the data."""
        return _seal(self._masters[master], self._proof, b"proof|" + master.encode())

    def fits(self, master: str, sealed: bytes) -> None:
        """Raise KeyringError when this keyring cannot open the known word."""
        with suppress(KeyringError, KeyError):
            if _open(self._masters[master], sealed, b"proof|" + master.encode()) == self._proof:
                return
        raise KeyringError("This keyring does not belong to this database. Restore the right one; nothing was changed.")

    @property
    def _proof(self) -> bytes:
        """The known word. It hangs on the index key too: with another one nobody would be found by her number."""
        return PROOF + self.derive("proof")


def seal(key: bytes, text: str, table: str, column: str, row: object) -> bytes:
    """Seal a text with a person's key, bound to its place."""
    return _seal(AESGCM(key), text.encode(), _place(table, column, row))


def unseal(key: bytes, sealed: bytes, table: str, column: str, row: object) -> str:
    """Open what `seal` made. Raises KeyringError when key or place is not the one it was sealed for."""
    return _open(AESGCM(key), sealed, _place(table, column, row)).decode()


def _place(table: str, column: str, row: object) -> bytes:
    return f"{table}|{column}|{row}".encode()


def _seal(cipher: AESGCM, plain: bytes, place: bytes) -> bytes:
    nonce = os.urandom(NONCE)
    return nonce + cipher.encrypt(nonce, plain, place)


def _open(cipher: AESGCM, sealed: bytes, place: bytes) -> bytes:
    try:
        return cipher.decrypt(sealed[:NONCE], sealed[NONCE:], place)
    except InvalidTag:
        raise KeyringError("A sealed value does not open: wrong key, or it was moved or changed.") from None


def _text(key: bytes) -> str:
    return base64.b64encode(key).decode()


def _bytes(text: str) -> bytes:
    return base64.b64decode(text, validate=True)
