"""The vault: AES-256-GCM with a key per person, and a keyed index to find a number without being able to read it.

A sealed value is bound to its place (table | column | row) as associated data, so that a value moved to another row
does not open. A person's key is wrapped by a master key, which is a tree with one leaf a person (`privacy.tree`).
Forgetting her means to delete that one small row, and to cut her leaf out of the keyring: what a backup of the database
still holds of her then opens no more, while everybody else in it can be restored.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from contextlib import suppress
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from outreach.errors import KeyringError
from outreach.privacy.keyring import Keyring, file_of, keyring_of, read
from outreach.privacy.tree import KEY
from outreach.settings import Settings

NONCE = 12  # bytes of a GCM nonce
NOBODY = 0  # a leaf that no person has: the keyring's proof is sealed with it
PROOF = b"outreach: this keyring opens this database"


class Vault:
    """Seals and opens what belongs to a person. All bytes; keys are 32 bytes.

    With `file`, the keyring is read again whenever that file is another one: a process that runs for months learns of
    new master keys, and of leaves that were cut out, without being told.
    """

    def __init__(self, keyring: Keyring, file: Path | None = None) -> None:
        self._held, self.file, self._seen = keyring, file, _mark(file)

    @classmethod
    def of(cls, settings: Settings) -> Vault:
        """The vault of a clinic. Raises KeyringError with the remedy."""
        return cls(keyring_of(settings), file_of(settings))

    @property
    def keyring(self) -> Keyring:
        """The keys as they are now."""
        seen = _mark(self.file)
        if self.file is not None and seen != self._seen:
            # A file that is away or half copied, or somebody else's, changes nothing: what we hold is still good.
            with suppress(KeyringError):
                fresh = read(self.file)
                if hmac.compare_digest(fresh.index, self._held.index):
                    self._held, self._seen = fresh, seen
        return self._held

    @property
    def current(self) -> str:
        """The name of the master key that wraps new keys."""
        return self.keyring.current

    @property
    def masters(self) -> tuple[str, ...]:
        """The names of the master keys."""
        return tuple(self.keyring.master)

    def derive(self, purpose: str) -> bytes:
        """A key for one purpose, 32 bytes, stable as long as the index key is."""
        return hmac.digest(self._held.index, b"derive|" + purpose.encode(), hashlib.sha256)

    def lookup(self, kind: str, value: str) -> bytes:
        """The keyed index of a value, 32 bytes: the same value of a kind gives the same index."""
        return hmac.digest(self._held.index, f"{kind}|{value}".encode(), hashlib.sha256)

    def new_key(self, person_id: int) -> tuple[bytes, str, bytes]:
        """A fresh key for a person: the key itself, the master's name, the wrapped key to store."""
        key = secrets.token_bytes(KEY)
        return (key, *self.wrap(person_id, key))

    def wrap(self, person_id: int, key: bytes) -> tuple[str, bytes]:
        """The current master's name, and a person's key wrapped by it. Raises KeyringError when she is forgotten."""
        keyring = self.keyring
        cipher = _cipher(keyring, keyring.current, person_id)
        return keyring.current, _seal(cipher, key, _place("person_key", "wrapped", person_id))

    def unwrap(self, person_id: int, master: str, wrapped: bytes) -> bytes:
        """A person's key. Raises KeyringError when the master key is missing or wrong, or she is forgotten."""
        return _open(_cipher(self.keyring, master, person_id), wrapped, _place("person_key", "wrapped", person_id))

    def prove(self, master: str) -> bytes:
        """The known word, sealed, to store beside the data."""
        return _seal(_cipher(self.keyring, master, NOBODY), self._proof, b"proof|" + master.encode())

    def fits(self, master: str, sealed: bytes) -> None:
        """Raise KeyringError when this keyring cannot open the known word."""
        with suppress(KeyringError):
            if _open(_cipher(self.keyring, master, NOBODY), sealed, b"proof|" + master.encode()) == self._proof:
                return
        raise KeyringError(
            "This keyring does not belong to this database, or is older than it. "
            "Bring the newest one from another machine or from its backup; nothing was changed."
        )

    @property
    def _proof(self) -> bytes:
        """The known word. It hangs on the index key too: with another one nobody would be found by her number."""
        return PROOF + self.derive("proof")


def seal(key: bytes, text: str, table: str, column: str, row: object) -> bytes:
    """Seal a text with a person's key, bound to its place."""
    return seal_bytes(key, text.encode(), table, column, row)


def unseal(key: bytes, sealed: bytes, table: str, column: str, row: object) -> str:
    """Open what `seal` made. Raises KeyringError when key or place is not the one it was sealed for."""
    return unseal_bytes(key, sealed, table, column, row).decode()


def seal_bytes(key: bytes, plain: bytes, table: str, column: str, row: object) -> bytes:
    """As `seal`, of what is no text."""
    return _seal(AESGCM(key), plain, _place(table, column, row))


def unseal_bytes(key: bytes, sealed: bytes, table: str, column: str, row: object) -> bytes:
    """Open what `seal_bytes` made. Raises KeyringError as `unseal` does."""
    return _open(AESGCM(key), sealed, _place(table, column, row))


def _place(table: str, column: str, row: object) -> bytes:
    return f"{table}|{column}|{row}".encode()


def _seal(cipher: AESGCM, plain: bytes, place: bytes) -> bytes:
    nonce = os.urandom(NONCE)
    return nonce + cipher.encrypt(nonce, plain, place)


def _open(cipher: AESGCM, sealed: bytes, place: bytes) -> bytes:
    try:
        return cipher.decrypt(sealed[:NONCE], sealed[NONCE:], place)
    except (InvalidTag, ValueError):  # ValueError: cut short
        raise KeyringError("A sealed value does not open: wrong key, or it was moved or changed.") from None


def _cipher(keyring: Keyring, master: str, leaf: int) -> AESGCM:
    if master not in keyring.master:
        raise KeyringError(
            f"Master key {master!r} is not in the keyring. "
            "Bring the newest keyring from another machine or from its backup."
        )
    key = keyring.master[master].leaf(leaf)
    if key is None:
        raise KeyringError("She is forgotten: the key to what was hers is destroyed.")
    return AESGCM(key)


def _mark(file: Path | None) -> tuple[int, int] | None:
    """What tells one file from its successor: a keyring is replaced, never written over."""
    if file is None:
        return None
    with suppress(OSError):
        known = file.stat()
        return known.st_ino, known.st_mtime_ns
    return None
