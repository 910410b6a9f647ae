"""Who gets where: every route of the console, and the roles that it answers. Written by hand, read by the tests.

L launcher, H helper, C coordinator, A admin, U auditor; * means whoever is not signed in either.
"""

from __future__ import annotations

from collections.abc import Mapping

from outreach.staff.roles import Role

LETTERS = {"L": Role.LAUNCHER, "H": Role.HELPER, "C": Role.COORDINATOR, "A": Role.ADMIN, "U": Role.AUDITOR}

ACCESS: Mapping[str, str] = {
    "GET /sign-in": "*LHCAU",
    "POST /sign-in": "*LHCAU",
    "GET /sign-in/code": "*LHCAU",
    "POST /sign-in/code": "*LHCAU",
    "GET /welcome": "*LHCAU",
    "POST /welcome": "*LHCAU",
    "POST /sign-in/as/{name}": "*LHCAU",
    "POST /sign-out": "*LHCAU",
    "POST /language": "*LHCAU",
    "GET /": "LHCAU",
    "GET /live": "LHCAU",
    "GET /me": "LHCAU",
    "POST /me/language": "LHCAU",
    "GET /me/password": "LHCAU",
    "POST /me/password": "LHCAU",
    "GET /me/second-factor": "LHCAU",
    "POST /me/second-factor": "LHCAU",
    "POST /me/second-factor/off": "LHCAU",
    "POST /me/sign-out-everywhere": "LHCAU",
    "GET /style": "A",
    "GET /campaigns": "LCAU",
    "GET /campaigns/new": "LC",
    "POST /campaigns/new": "LC",
    "GET /campaigns/{name}": "LCAU",
    "GET /campaigns/{name}/progress": "LCAU",
    "GET /campaigns/{name}/run/{turn}": "LC",
    "POST /campaigns/{name}/run/{turn}": "LC",
    "GET /campaigns/{name}/clone": "LC",
    "POST /campaigns/{name}/clone": "LC",
    "GET /campaigns/{name}/edit": "LC",
    "POST /campaigns/{name}/edit": "LC",
    "POST /campaigns/{name}/edit/faults": "LC",
    "POST /campaigns/{name}/edit/count": "LC",
    "GET /campaigns/{name}/history": "LC",
    "GET /campaigns/{name}/history/{number}": "LC",
    "GET /campaigns/{name}/plan": "LCAU",
    "POST /campaigns/{name}/test": "LC",
    "POST /campaigns/{name}/propose": "LC",
    "POST /campaigns/{name}/approve": "LCA",
    "POST /campaigns/{name}/decline": "LCA",
    "POST /campaigns/{name}/withdraw": "LC",
    "GET /campaigns/{name}/launch": "LC",
    "POST /campaigns/{name}/launch": "LC",
    "GET /messages": "LC",
    "GET /messages/edit": "LC",
    "POST /messages/edit": "LC",
    "POST /messages/measure": "LC",
    "GET /inbox": "HC",
    "GET /inbox/{thread_id}": "HC",
    "GET /inbox/{thread_id}/there": "HC",
    "POST /inbox/{thread_id}/typing": "HC",
    "POST /inbox/{thread_id}/reply": "HC",
    "POST /inbox/{thread_id}/take": "HC",
    "POST /inbox/{thread_id}/release": "HC",
    "POST /inbox/{thread_id}/hand-over": "HC",
    "POST /inbox/{thread_id}/note": "HC",
    "POST /inbox/{thread_id}/decide": "HC",
    "POST /inbox/{thread_id}/close": "HC",
}
