"""What people at the other end say. Nothing here could be about a real person."""

from __future__ import annotations

import re

ANSWERS: dict[str, tuple[str, ...]] = {
    "en": (
        "Thank you, I will be there.",
        "Can I come in the afternoon instead?",
        "I feel dizzy in the mornings. Is that normal?",
        "What if I missed one yesterday?",
        "Ok 👍",
    ),
    "fr": (
        "Merci, je viendrai.",
        "Est-ce que je peux venir l'après-midi ?",
        "J'ai la tête qui tourne le matin, c'est normal ?",
        "Et si j'ai oublié hier ?",
        "D'accord 👍",
    ),
    "sw": (
        "Asante, nitakuja.",
        "Naweza kuja mchana?",
        "Nahisi kizunguzungu asubuhi, ni kawaida?",
        "Nifanye nini kama nilisahau jana?",
        "Sawa 👍",
    ),
}
STOP = "STOP"
HELP = "HELP"

#: Small words that give a language away; English where none does.
_TELLTALES = {
    "fr": {"vous", "votre", "vos", "le", "la", "les", "des", "pour", "une", "est", "avec", "bonjour", "merci"},
    "sw": {"yako", "wako", "kwa", "ya", "na", "ni", "habari", "asante", "leo", "kesho", "jibu", "tafadhali"},
}


def language(text: str) -> str:
    """`en`, `fr` or `sw`: the language in which a person who got this text would answer."""
    words = re.findall(r"[^\W\d_]+", text.lower())
    scores = {code: sum(word in telltales for word in words) for code, telltales in _TELLTALES.items()}
    best = max(scores, key=lambda code: scores[code])
    return best if scores[best] >= 2 else "en"


def answer(text: str, turn: int) -> str:
    """An answer in the language of the text; `turn` chooses which."""
    phrases = ANSWERS[language(text)]
    return phrases[turn % len(phrases)]
