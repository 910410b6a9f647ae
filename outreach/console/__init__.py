"""The web process: webhooks, and the console where staff launch, answer and review.

To add a page
    1. `console/NOUN.py`: `pages = Pages()`, then functions: `@pages.page("/noun", Act.SEE_NOUN)` shows something (GET),
       `@pages.deed("/noun/{id}/close", Act.…)` changes something (POST). Each takes `visit: Here` and gives a Response:
       `visit.show("noun.html", …)`, or `visit.go("/noun", _("It is closed."))` after a deed. Plain functions (`def`),
       so that the database is waited for on a thread. `visit.by` goes into every `by=`.
    2. A line in `app.NOUNS`; if it belongs into the bar, it is in `nav.NAV` already.
    3. Its action: `policy.Act`, `policy.ALLOWED`; a row in `tests/console/access.py` (a route without one fails), and
       for a deed one in `tests/console/test_deeds.py`: the page where its form is. What hangs on whose object it is:
       `visit.need(Act.APPROVE_CAMPAIGNS, owner=proposal.by)`.
    4. `pages/noun.html` extends `frame.html` and is made of the macros in `parts.html` and `parts_more.html` (all of
       them on /style). No style attribute, no inline script: the policy forbids both. Every form is `p.form` or
       `p.act`: they carry the token. What changes something works as a plain form; htmx only makes it nicer.
    5. Words: `{{ _("Close") }}`, `{{ ngettext("%(num)s person", "%(num)s people", n, num=n|number) }}`,
       `{{ when(at) }}`, `{{ n|number }}`; in Python `_ = visit.words.gettext`. `make words`, then fill in `words/*/`.
    6. Live: `{% block live %}threads{% endblock %}`, and on the part that changes `hx-get="/noun"
       hx-trigger="live:threads from:body" hx-swap="morph:innerHTML"`; when `visit.part`, show the part alone. What can
       be listened to stands in `live.PULSES`.
    7. Tests over HTTP with the `console` fixture (`tests/console/conftest.py`), and a line in `tests/console/looks.py`:
       the page is opened in Chromium at both sizes and in every language, and axe is asked.

`home.py` with `home.html` is the example. A request goes through `guard` (host, origin, headers), `visit` (who, may
they), the page, `desk` (how it is drawn).
"""
