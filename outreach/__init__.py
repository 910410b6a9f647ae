"""Outreach: discreet health messages by SMS and push, and anonymous answers.

Floors (imports only go down; `lint-imports` checks it)::

    cli                          the commands of `outreach`: they start the rest
    scheduler | console          Celery says *that* there is work, never what | webhooks and pages
    reports | doctor             read everything, write nothing
    campaigns | threads          what goes out | what comes in
    delivery                     the only door out: gate, queue, send, receipts
    messages                     the rows, their states and lawful moves, templates
    audience                     people, endpoints, imports, filters
    consent                      the ledger
    staff                        who signs in and what each is here for
    workspace                    one clinic, opened
    privacy                      the vault, the record of what staff did, what helpers may not read
    store | channels | simulator the database | the providers' wires | a carrier of our own
    settings
    parts | log
    errors

Out: `campaigns.planning.plan` writes rows → `delivery.send.drain` claims, writes, hands over → `delivery.receipts.keep`
moves. In: `console.webhooks` → `threads.inbound.receive`: one transaction from the text to a ledger line or a thread.

Where to add what. A provider: one file in `channels/`, one line in its registry, one table of tests. A report: one
module in `reports/`, one line in its registry. A keyword: one entry in `threads/keywords.py`, rows in `threads/words/`.
A refusal: one member of `messages.status.Refusal`, one `if` in `delivery/gate.py`, one row in its test. A setting: one
line in `settings.py`.
"""
