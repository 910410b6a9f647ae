"""What an answer of one word would do, for whoever writes templates: no text may ask for such a word for anything else.

"Reply CANCEL to cancel your visit" would end all messages. A word may be offered for what it does, and a sentence shows
that by one of the beginnings of words listed here, in any language.
"""

from __future__ import annotations

from outreach.errors import worded
from outreach.messages.checks import MESSAGES, STOPS, Taken
from outreach.threads.keywords import Understood, Verb, understand

#: What each verb does, and by what one sees that it is offered for that.
_VERBS: dict[Verb, Taken] = {
    Verb.STOP: STOPS,
    Verb.WRONG: Taken(
        worded("ends all messages to this number"), ("wrong", "person", "number", "numero", "namba", "nambari")
    ),
    Verb.LOSS: Taken(
        worded("ends all messages about a pregnancy"),
        ("pregnan", "baby", "lost", "grossesse", "bebe", "perdu", "mimba", "mtoto", "embaraz", "gravidez", "perd"),
    ),
    Verb.FORGET: Taken(
        worded("begins to delete what is known of a person"),
        ("forget", "delete", "erase", "effacer", "donnees", "futa", "taarifa", "borrar", "datos", "apagar", "dados"),
    ),
    Verb.PAUSE: Taken(worded("pauses all messages"), (*MESSAGES, "pause", "break", "pumzik", "pausa")),
    Verb.START: Taken(
        worded("starts the messages again"), (*MESSAGES, "again", "nouveau", "tena", "de nuevo", "de novo")
    ),
    Verb.YES: Taken(worded("agrees to messages where somebody was invited"), (*MESSAGES, "agree", "join")),
    Verb.HELP: Taken(
        worded("is answered with a text about the service"), ("help", "aide", "msaada", "ayuda", "ajuda", "question")
    ),
    Verb.INFO: Taken(
        worded("is answered with what somebody agreed to"), ("agree", "consent", "accept", "kubali", "acept", "aceit")
    ),
    Verb.TIME: Taken(worded("changes a person's hours"), ("hour", "time", "heure", "muda", "wakati", "hora", "horari")),
    Verb.LANG: Taken(worded("changes a person's language"), ("langu", "lugha", "idioma", "lingua")),
    Verb.CALL: Taken(worded("asks for a call"), ("call", "phone", "appel", "pig", "simu", "llam", "lig", "telefon")),
}
_HELD = Taken(worded("may be a wish to stop, and holds all messages until a person has looked"))
_ENDS = Taken(STOPS.does)

#: The only word that may be offered for stopping: each other one would take something away that clinics need it for.
_OFFERED = "stop"


def taken(word: str) -> Taken | None:
    """What an answer of this one word would do; None when it is free."""
    found: Understood = understand(word)
    if found.hold:
        return _HELD
    if found.verb is Verb.STOP and word.casefold() != _OFFERED:
        return _ENDS
    return _VERBS[found.verb] if found.verb else None
