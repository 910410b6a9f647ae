"""What a text says about discretion, in every language: tables of words, with near misses."""

from __future__ import annotations

import re
from itertools import product

import pytest

from outreach.audience.discretion import Secret
from outreach.messages import library
from outreach.messages.samples import samples
from outreach.threads import keywords
from outreach.threads.discretion import OwnWord, Wish, languages, own_word, unfit, wishes

SAID = [
    *((text, Wish.WHO) for text in (
        "Who is this?", "who's this", "WHO ARE YOU", "hello who is this please", "how did you get my number?",
        "Qui est-ce ?", "C'est qui", "Bonjour, qui êtes-vous ?", "Wewe ni nani?", "Nani", "Habari, ni nani huyu",
        "¿Quién es?", "Hola quien eres", "Quem é?", "quem fala", "Oi, quem é você",
    )),
    *((text, Wish.NO) for text in (
        "No", "NO!", "not me", "wrong number", "Non", "mauvais numéro", "Hapana", "umekosea namba", "número equivocado",
        "Não", "NAO", "engano",
    )),
    *((text, Wish.ASK) for text in (
        "READ", "read it please", "LIRE", "Je suis seule", "SOMA", "niko peke yangu", "LEER", "LER", "estou sozinha",
    )),
    *((text, Wish.COVERT) for text in ("1", "one", "palabras neutras", "maneno ya kawaida")),
    *((text, Wish.REQUEST) for text in ("2", "only when I ask", "seulement si je demande", "nikiuliza tu")),
    *((text, Wish.OPEN) for text in ("3", "plain words", "mots clairs", "maneno wazi", "palavras claras")),
]  # fmt: skip

NEAR = [
    "Who is this doctor you spoke of?", "I do not know who is pregnant", "no problem", "non merci, une question",
    "nobody came", "I want to read about side effects of it", "12", "1 tablet", "2 days", "I have 3 children",
    "hapana shida nina swali", "não sei o que fazer", "no sé qué hacer", "qui est le docteur", "",
]  # fmt: skip


@pytest.mark.parametrize(("text", "wish"), SAID)
def test_a_whole_text_says_it(text: str, wish: Wish) -> None:
    assert wishes(text) == {wish}


@pytest.mark.parametrize("text", NEAR)
def test_near_misses_say_nothing(text: str) -> None:
    assert wishes(text) == set()


NAMED = [
    ("WORD mango", Secret.SAFE, "mango"),
    ("my word is Mángo!", Secret.SAFE, "mango"),
    ("Mot mangue", Secret.SAFE, "mangue"),
    ("NENO embe", Secret.SAFE, "embe"),
    ("palabra secreta mango", Secret.SAFE, "mango"),
    ("palavra manga", Secret.SAFE, "manga"),
    ("ALARM lemon", Secret.PANIC, "lemon"),
    ("mot d'alerte citron", Secret.PANIC, "citron"),
    ("kengele limau", Secret.PANIC, "limau"),
    ("alarma limón", Secret.PANIC, "limon"),
    ("alarme limao", Secret.PANIC, "limao"),
    ("word off", Secret.SAFE, ""),
    ("alarm none", Secret.PANIC, ""),
]


@pytest.mark.parametrize(("text", "secret", "word"), NAMED)
def test_a_word_of_her_own_is_named(text: str, secret: Secret, word: str) -> None:
    assert own_word(text) == OwnWord(secret, word)


@pytest.mark.parametrize("text", ["word", "mango", "word of god for you today", "the word mango", "I heard an alarm"])
def test_other_texts_name_none(text: str) -> None:
    assert own_word(text) is None


def test_a_word_of_her_own_is_not_shown_by_accident() -> None:
    assert "mango" not in repr(own_word("word mango"))


@pytest.mark.parametrize("word", ["stop", "STOP", "yes", "help", "no", "read", "1", "ok then", "x", "a" * 25, "nani"])
def test_what_means_something_already_cannot_be_her_word(word: str) -> None:
    assert unfit(word)


@pytest.mark.parametrize("word", ["mango", "Embe", "citrón"])
def test_any_other_word_can(word: str) -> None:
    assert unfit(word) == ""


def test_no_wish_is_a_verb_that_changes_consent() -> None:
    """Whoever answers one of our questions about discretion takes no consent back by it, and grants none."""
    asked = [text for text, wish in SAID if wish in {Wish.ASK, Wish.COVERT, Wish.REQUEST, Wish.OPEN}]
    assert {keywords.understand(text).verb for text in asked} == {None}


OFFERED = {
    "en": ("READ", "NO", "YES"),
    "fr": ("LIRE", "NON", "OUI"),
    "sw": ("SOMA", "HAPANA", "NDIYO"),
    "es": ("LEER", "NO", "ACEPTO"),
    "pt": ("LER", "NAO", "SIM"),
}


@pytest.mark.parametrize(("language", "place"), list(product(OFFERED, range(3))))
def test_every_word_that_a_text_offers_is_understood(language: str, place: int) -> None:
    word, name = OFFERED[language][place], ("knock", "question", "who")[place]
    template = library.load(samples() / "templates").get(f"outreach/{name}")
    [text] = [body.text for body in template.bodies if body.language == language]
    assert re.search(rf"\b{word}\b", text)
    if place == 2:
        assert keywords.understand(word, language).verb is keywords.Verb.YES
    else:
        assert wishes(word) == {(Wish.ASK, Wish.NO)[place]}


def test_every_language_of_the_verbs_is_there() -> None:
    assert languages() == keywords.languages()
