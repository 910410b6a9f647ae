"""What counting costs, in microseconds of one core. Run: python -m benchmarks.parts"""

from __future__ import annotations

import timeit

from outreach.parts import count, suggest

TEXTS = {
    "plain, one part": "Your visit is on Monday at 09:00. Reply 1 to confirm, or call us if you cannot come.",
    "plain, three parts": "Please take your tablets every day at the same hour. " * 8,
    "one curly apostrophe": "We’ll see you on Monday at nine. Reply 1 to confirm, or call us if you cannot come.",
    "Cyrillic, five parts": "Ждём вас в понедельник в девять часов. " * 8,
    "emoji, five parts": "Well done 👍🏽 keep going! " * 12,
    "Devanagari, five parts": "पुष्टि के लिए हाँ लिखें। " * 12,
}
ROUNDS = 2000


def main() -> None:
    for label, text in TEXTS.items():
        cost = timeit.timeit(lambda text=text: count(text), number=ROUNDS) / ROUNDS  # type: ignore[misc]
        print(f"count    {label:24} {cost * 1e6:8.1f} µs  {count(text).parts} part(s)")
    text = TEXTS["one curly apostrophe"]
    cost = timeit.timeit(lambda: suggest(text), number=ROUNDS) / ROUNDS
    print(f"suggest  {'one curly apostrophe':24} {cost * 1e6:8.1f} µs")


if __name__ == "__main__":
    main()
