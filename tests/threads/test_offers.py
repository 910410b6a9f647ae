"""No text asks for an answer that means something else: words that steer messages, and sentences that offer them."""

from __future__ import annotations

import pytest

from outreach.channels.contract import Kind
from outreach.messages import checks
from outreach.messages.templates import Body, Openness, Template
from outreach.threads.offers import taken

FOUND = [
    ("en", "Reply CANCEL to cancel your visit.", "CANCEL"),
    ("en", "Reply STOP if you cannot come on Monday.", "STOP"),
    ("en", "If you cannot come, reply STOP.", "STOP"),
    ("en", "Reply to this message with STOP to cancel your visit.", ""),  # "reply to" is not followed by the word
    ("en", "Answer END to end the visit.", "END"),
    ("en", "Reply YES to confirm your visit.", "YES"),
    ("en", "Please reply yes if you are coming.", "YES"),
    ("en", "Text CALL to confirm your visit.", "CALL"),
    ("en", "Reply PAUSE if you are ill.", "PAUSE"),
    ("en", "Reply WRONG if the date does not suit you.", "WRONG"),
    ("fr", "Répondez ANNULER pour annuler le rendez-vous.", "ANNULER"),
    ("fr", "Répondez OUI si vous venez.", "OUI"),
    ("fr", "Répondez STOP si vous ne venez pas.", "STOP"),
    ("sw", "Jibu NDIYO kama utakuja.", "NDIYO"),
    ("sw", "Jibu ACHA kama huwezi kuja.", "ACHA"),
    ("es", "Responda CANCELAR para cancelar la cita.", "CANCELAR"),
    ("pt", "Responda CANCELAR para cancelar a consulta.", "CANCELAR"),
    ("pt", "Responda SIM se vem.", "SIM"),
]
LEFT = [
    ("en", "Reply STOP to get no more messages."),
    ("en", "Reply STOP."),
    ("en", "For no more of these texts, reply STOP."),
    ("en", "Reply HELP for help."),
    ("en", "Reply LOSS if your pregnancy has ended."),
    ("en", "Reply CALL if you want us to call you on the phone."),
    ("en", "Reply PAUSE if you want a break from the messages."),
    ("en", "Reply 1 if you come, 2 if you do not."),
    ("en", "Reply NO if you cannot come. Your visit will be cancelled."),
    ("en", "Reply here at any time to talk."),
    ("fr", "Pour ne plus recevoir de messages, répondez STOP."),
    ("sw", "Jibu STOP kusitisha ujumbe."),
    ("es", "Responda STOP para no recibir mensajes."),
    ("pt", "Para deixar de receber mensagens, responda STOP."),
]


def asked(language: str, text: str) -> list[str]:
    """The words that a text asks for by mistake."""
    words = {word.strip(".,").casefold() for word in text.split()}
    body = Body(Kind.SMS, language, Openness.OPEN, "", text, path=f"templates/tb/x.{language}.txt", line=1)
    faults = checks.check(
        Template("tb/x", (body,)),
        known=(),
        languages=(),
        fallback=language,
        sensitive=False,
        part_limit=3,
        stop_words={word: means for word in words if (means := taken(word))},
        kinds=(),
    )
    return [fault.problem.split("'")[1] for fault in faults if " answers " in fault.problem]


@pytest.mark.parametrize(("language", "text", "word"), FOUND, ids=[row[1] for row in FOUND])
def test_a_word_that_means_something_else_is_found(language: str, text: str, word: str) -> None:
    assert asked(language, text) == ([word] if word else [])


@pytest.mark.parametrize(("language", "text"), LEFT, ids=[row[1] for row in LEFT])
def test_a_word_that_is_offered_for_what_it_does_is_left(language: str, text: str) -> None:
    assert asked(language, text) == []
