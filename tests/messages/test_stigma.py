"""Words that would tell whoever sees the telephone."""

import pytest

from outreach.messages import stigma

FOUND = [
    ("en", "Your HIV result", [(5, "HIV")]),
    ("en", "your h.i.v. result", [(5, "h.i.v")]),
    ("en", "T.B. and tb", [(0, "T.B"), (9, "tb")]),
    ("en", "She is pregnant", [(7, "pregnant")]),
    ("en", "Check your viral  load now", [(11, "viral  load")]),
    ("en", "Archive the party chart", []),
    ("en", "Time to eat and rest", []),
    ("fr", "La séropositivité", [(3, "séropositivité")]),
    ("fr", "VOTRE GROSSESSE", [(6, "GROSSESSE")]),
    ("fr", "Votre rendez-vous est demain", []),
    ("fr-CA", "le sida", [(3, "sida")]),
    ("sw", "Dawa za kifua kikuu", [(8, "kifua kikuu")]),
    ("sw", "Una UKIMWI", [(4, "UKIMWI")]),
    ("sw", "Habari, tuonane Jumatatu", []),
    ("es", "diagnóstico", [(0, "diagnóstico")]),
    ("es", "está infectada", [(5, "infectada")]),
    ("es", "Psicología, piso 2", [(0, "Psicología")]),
    ("es", "parte de la tarde", []),
    ("pt", "SERONEGATIVO", [(0, "SERONEGATIVO")]),
    ("pt", "sala de parto", [(8, "parto")]),
    ("pt", "ao pé da porta", []),
    ("pt", "uma doença", [(4, "doença")]),
    ("lg", "the HIV clinic", [(4, "HIV")]),
]


@pytest.mark.parametrize(("language", "text", "words"), FOUND)
def test_words_are_found_whatever_their_case_and_accents(
    language: str, text: str, words: list[tuple[int, str]]
) -> None:
    assert stigma.find(text, language) == words


def test_a_folded_text_is_as_long_as_the_text() -> None:
    for text in ("Straße İstanbul ﬁve ñandú 😀 e\u0301 각", "", "\u0301"):
        assert len(stigma.fold(text)) == len(text)
