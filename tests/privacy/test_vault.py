"""The vault: what is sealed opens for the right key at the right place only, and keys are never lost by us."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from pydantic import SecretStr

from outreach.errors import KeyringError
from outreach.privacy.keyring import Keyring, keyring_of
from outreach.privacy.vault import NONCE, Vault, seal, unseal
from outreach.settings import Settings

NUMBER = "+254712000001"
PLACE = ("endpoint", "value", 7)


@pytest.fixture
def vault() -> Vault:
    return Vault(Keyring.new())


@pytest.fixture
def key(vault: Vault) -> bytes:
    return vault.new_key(7)[0]


@pytest.mark.parametrize("text", ["", NUMBER, "né à Zürich 🤰", "x" * 10_000, "\x00"])
def test_what_is_sealed_opens_again(text: str, key: bytes) -> None:
    assert unseal(key, seal(key, text, *PLACE), *PLACE) == text


def test_the_same_text_is_never_sealed_the_same_way(key: bytes) -> None:
    sealed = {seal(key, NUMBER, *PLACE) for _ in range(100)}
    assert len(sealed) == len({each[:NONCE] for each in sealed}) == 100


@pytest.mark.parametrize("place", [("message", "value", 7), ("endpoint", "body", 7), ("endpoint", "value", 8)])
def test_a_value_that_was_moved_does_not_open(place: tuple[str, str, int], key: bytes) -> None:
    with pytest.raises(KeyringError, match="moved or changed"):
        unseal(key, seal(key, NUMBER, *PLACE), *place)


CHANGES: list[tuple[str, Callable[[bytes], bytes]]] = [
    ("its nonce changed", lambda sealed: bytes([sealed[0] ^ 1]) + sealed[1:]),
    ("a byte changed", lambda sealed: sealed[:NONCE] + bytes([sealed[NONCE] ^ 1]) + sealed[NONCE + 1 :]),
    ("its tag changed", lambda sealed: sealed[:-1] + bytes([sealed[-1] ^ 1])),
    ("its end cut off", lambda sealed: sealed[:-1]),
    ("only a nonce left", lambda sealed: sealed[:NONCE]),
    ("nothing left", lambda sealed: b""),
]


@pytest.mark.parametrize(("label", "change"), CHANGES, ids=[label for label, _ in CHANGES])
def test_a_value_does_not_open_with(label: str, change: Callable[[bytes], bytes], key: bytes) -> None:
    with pytest.raises(KeyringError) as raised:
        unseal(key, change(seal(key, NUMBER, *PLACE)), *PLACE)
    assert NUMBER not in str(raised.value)


def test_a_value_does_not_open_with_another_persons_key(vault: Vault, key: bytes) -> None:
    with pytest.raises(KeyringError):
        unseal(vault.new_key(7)[0], seal(key, NUMBER, *PLACE), *PLACE)


def test_a_persons_key_opens_for_her_row_and_its_master_only(vault: Vault) -> None:
    key, master, wrapped = vault.new_key(7)
    assert vault.unwrap(7, master, wrapped) == key
    for other, person in ((vault, 8), (Vault(Keyring.new()), 7)):
        with pytest.raises(KeyringError):
            other.unwrap(person, master, wrapped)
    with pytest.raises(KeyringError, match="'k9' is not in the keyring"):
        vault.unwrap(7, "k9", wrapped)


def test_the_index_finds_a_value_by_kind_and_keyring_only(vault: Vault) -> None:
    assert vault.lookup("sms", NUMBER) == vault.lookup("sms", NUMBER)
    others = {
        vault.lookup("push", NUMBER),
        vault.lookup("sms", NUMBER + "1"),
        Vault(Keyring.new()).lookup("sms", NUMBER),
    }
    assert vault.lookup("sms", NUMBER) not in others
    assert len(others) == 3
    assert vault.derive("push-ack") != vault.derive("other")


def test_the_proof_fits_its_keyring_only() -> None:
    ring = Keyring.new()
    vault, other = Vault(ring), Keyring.new()
    sealed = vault.prove("k1")
    vault.fits("k1", sealed)
    for wrong in (other, Keyring(other.index, "k1", ring.master), Keyring(ring.index, "k1", other.master)):
        with pytest.raises(KeyringError, match="does not belong to this database"):
            Vault(wrong).fits("k1", sealed)
    with pytest.raises(KeyringError, match="does not belong"):
        vault.fits("k2", sealed)


def test_a_keyring_comes_back_as_it_was_dumped() -> None:
    ring = Keyring.new()
    assert Keyring.parse(ring.dump(), "here") == ring


def test_no_key_stands_in_a_repr() -> None:
    ring = Keyring.new()
    settings = Settings(_env_file=None).model_copy(update={"keyring": SecretStr(ring.dump())})
    shown = f"{ring!r} {Vault(ring)!r} {settings!r}"
    keys = [json.loads(ring.dump())["index"], *_leaves(json.loads(ring.dump())["master"])]
    assert len(keys) > 1
    assert [key for key in keys if key in shown] == []
    assert repr(ring.index) not in shown


def _leaves(value: object) -> list[str]:
    """Every long word in a keyring's JSON."""
    if isinstance(value, dict):
        return [leaf for each in value.values() for leaf in _leaves(each)]
    if isinstance(value, list):
        return [leaf for each in value for leaf in _leaves(each)]
    return [value] if isinstance(value, str) and len(value) > 20 else []


MALFORMED = [
    ("nothing", ""),
    ("no JSON", "{"),
    ("a list", "[]"),
    ("a number", "7"),
    ("no index", '{"current": "k1", "master": {}}'),
    ("an index of null", '{"index": null, "current": "k1", "master": {}}'),
    ("a master that is a list", '{"index": "", "current": "k1", "master": ["a"]}'),
    ("a key that is no base64", '{"index": "???", "current": "k1", "master": {"k1": "???"}}'),
    ("a short key", '{"index": "AAAA", "current": "k1", "master": {"k1": {"1": "AAAA"}}}'),
    ("no current key", Keyring.new().dump().replace('"current": "k1"', '"current": "k2"')),
]


@pytest.mark.parametrize(("label", "text"), MALFORMED, ids=[label for label, _ in MALFORMED])
def test_a_malformed_keyring_is_told_with_where_it_came_from(label: str, text: str) -> None:
    with pytest.raises(KeyringError, match=r"OUTREACH_KEYRING .*Restore it from its backup"):
        Keyring.parse(text, "OUTREACH_KEYRING")


def named(path: Path) -> Settings:
    return Settings(_env_file=None).model_copy(update={"keyring_file": path})


def test_a_keyring_file_is_its_owners_alone_and_never_overwritten(tmp_path: Path) -> None:
    path, ring = tmp_path / "deep" / "keyring.json", Keyring.new()
    ring.save(path)
    assert oct(path.stat().st_mode & 0o777) == "0o600"
    assert oct(path.parent.stat().st_mode & 0o077) == "0o0"
    assert keyring_of(named(path)) == ring
    with pytest.raises(KeyringError, match="never overwritten"):
        Keyring.new().save(path)
    assert keyring_of(named(path)) == ring
    assert [each.name for each in path.parent.iterdir()] == ["keyring.json"], "nothing is left half written"


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644])
def test_a_keyring_that_others_may_read_is_refused_with_the_remedy(mode: int, tmp_path: Path) -> None:
    path = tmp_path / "keyring.json"
    Keyring.new().save(path)
    path.chmod(mode)
    with pytest.raises(KeyringError, match=f"chmod 600 {path}"):
        keyring_of(named(path))


def test_a_keyring_that_is_not_there_is_told_with_the_remedy(tmp_path: Path) -> None:
    for settings, remedy in (
        (Settings(_env_file=None), "outreach init"),
        (named(tmp_path / "gone.json"), "from its backup"),
        (named(tmp_path), "from its backup"),
    ):
        with pytest.raises(KeyringError, match=remedy):
            keyring_of(settings)


def test_a_keyring_of_bytes_is_told_and_not_a_traceback(tmp_path: Path) -> None:
    path = tmp_path / "keyring.json"
    path.write_bytes(b"\xff\xfe\x00")
    path.chmod(0o600)
    with pytest.raises(KeyringError, match="not readable"):
        keyring_of(named(path))


def test_the_environments_keyring_comes_before_the_files(tmp_path: Path) -> None:
    ring = Keyring.new()
    settings = named(tmp_path / "gone.json").model_copy(update={"keyring": SecretStr(ring.dump())})
    assert keyring_of(settings) == ring
