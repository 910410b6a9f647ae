"""The keyring: the master keys by name and the key of the index, in a file of their own or in a setting.

It is never in the database, so that whoever gets hold of a backup has nothing. Only its newest state may be kept: an
older copy still opens what has been forgotten since.
"""

from __future__ import annotations

import base64
import fcntl
import json
import os
import secrets
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from outreach.errors import KeyringError
from outreach.privacy.tree import KEY, KeyTree
from outreach.settings import Settings

MOST_CUT = 10_000_000  # more leaves missing than this is no forgetting but a damaged file


@dataclass(frozen=True, slots=True)
class Keyring:
    """The master keys by name, which one is current, and the key of the index."""

    index: bytes = field(repr=False)
    current: str
    master: Mapping[str, KeyTree] = field(repr=False)

    @classmethod
    def new(cls) -> Keyring:
        """A fresh keyring."""
        return cls(secrets.token_bytes(KEY), "k1", {"k1": KeyTree.new()})

    def dump(self) -> str:
        """As JSON, for the keyring file."""
        return json.dumps(
            {
                "index": _text(self.index),
                "current": self.current,
                "master": {name: tree.dump() for name, tree in self.master.items()},
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
                {name: KeyTree.parse(tree) for name, tree in raw["master"].items()},
            )
        except (ValueError, KeyError, TypeError, AttributeError):
            raise KeyringError(
                f"The keyring in {origin} is not readable. Restore it from its backup; none is ever overwritten."
            ) from None
        damaged = any(tree.missing > MOST_CUT for tree in keyring.master.values())
        if keyring.current not in keyring.master or len(keyring.index) != KEY or damaged:
            raise KeyringError(f"The keyring in {origin} is incomplete. Restore it from its backup.")
        return keyring

    def save(self, path: Path) -> None:
        """Write to a new file that only its owner can read. Raises KeyringError when the file exists."""
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        whole = self._written_beside(path)
        try:
            os.link(whole, path)  # there whole or not at all, and never over another one
        except FileExistsError:
            raise KeyringError(f"{path} exists already: keys are never overwritten.") from None
        finally:
            os.unlink(whole)

    def replace(self, path: Path) -> None:
        """Take the place of an older keyring, whole or not at all. Raises OSError."""
        os.replace(self._written_beside(path), path)
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)  # after a power cut the old one must not come back: what was cut out of it is gone
        finally:
            os.close(folder)

    def _written_beside(self, path: Path) -> str:
        handle, whole = tempfile.mkstemp(dir=path.parent, prefix=".keyring-")  # mode 0600
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(self.dump() + "\n")
            file.flush()
            os.fsync(file.fileno())
        return whole


def keyring_of(settings: Settings) -> Keyring:
    """The keyring that the settings name. Raises KeyringError with the remedy."""
    path = file_of(settings)
    if path is not None:
        return read(path)
    given = settings.keyring.get_secret_value()
    if not given:
        raise KeyringError("No keys: run `outreach init`, or set OUTREACH_KEYRING_FILE or OUTREACH_KEYRING.")
    return Keyring.parse(given, "OUTREACH_KEYRING")


def file_of(settings: Settings) -> Path | None:
    """The keyring's file; None where the keys themselves are a setting, or there are none."""
    if settings.keyring.get_secret_value() or settings.keyring_file is None:
        return None
    return settings.keyring_file.expanduser()


def read(path: Path) -> Keyring:
    """Read a keyring's file. Raises KeyringError with the remedy."""
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


def change(path: Path, how: Callable[[Keyring], Keyring]) -> Keyring:
    """Replace a keyring's file by what `how` makes of it; changes by several processes follow one another.

    Gives the new keyring. Raises KeyringError when the file cannot be read or replaced: then nothing was changed.
    """
    path = path.resolve()  # a link stays a link
    try:
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            fcntl.flock(folder, fcntl.LOCK_EX)
            before = read(path)
            after = how(before)
            if after != before:
                after.replace(path)
            return after
        finally:
            os.close(folder)
    except OSError as error:
        raise KeyringError(
            f"The keyring file {path} cannot be replaced ({error.strerror}). Let this user write to its folder."
        ) from None


def _text(key: bytes) -> str:
    return base64.b64encode(key).decode()


def _bytes(text: str) -> bytes:
    return base64.b64decode(text, validate=True)
