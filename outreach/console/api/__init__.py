"""The JSON API under `/api/v1`: what the console does, for other programs. Its OpenAPI is a public contract.

To add a route
    1. In the module of its noun: `api = Api("people")`, then `@api.shows("/people", Act.SEE_PEOPLE)` for what only
       looks (GET) and `@api.does("/people", Act.IMPORT_PEOPLE)` for what changes something (POST). Each takes
       `call: Here`.
    2. A new noun is a line in `app.NOUNS`.
    3. Its answer is a model in `shapes` (people are pseudonyms, everything else is an id), its refusals are raised:
       `NotFoundError` and `ConflictError` become problems (RFC 9457) in `problems`.
    4. A row in `API` of `tests/console/access.py`: the scope it needs. A route without one fails.

A request goes through `door` (body, token, scope, idempotency), the route, and `problems` when it is refused.
"""
