"""Twilio's webhooks, checked and read: status callbacks and texts from people.

The signature is computed over the configured public URL and every field as received, blank and unknown ones too
(https://www.twilio.com/docs/usage/security). It carries no time, so the same event may come again: see `event_key`.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import parse_qs, parse_qsl, urlsplit

from twilio.request_validator import RequestValidator, compare

from outreach.channels.contract import Carried, Hook, Inbound, Receipt
from outreach.channels.hooks import event_key, own_id, text_of
from outreach.channels.twilio_errors import cause_of_failure
from outreach.errors import ForgedError, HookError

CARRIED: Mapping[str, Carried] = {
    "accepted": Carried.ACCEPTED,
    "scheduled": Carried.ACCEPTED,
    "queued": Carried.ACCEPTED,
    "sending": Carried.ACCEPTED,
    "sent": Carried.SENT,
    "partially_delivered": Carried.SENT,  # some parts arrived: on its way is all that is sure
    "undelivered": Carried.UNDELIVERED,
    "delivered": Carried.DELIVERED,
    "read": Carried.DELIVERED,
    "failed": Carried.FAILED,
    "canceled": Carried.FAILED,
}
_OPT_OUTS = {"STOP", "START", "HELP"}
_MOST_FIELDS = 500
_PROVIDER = "twilio"


class Form(dict[str, list[str]]):
    """A form in which a name may stand several times; the library's validator asks for `getall` first."""

    def getall(self, name: str) -> list[str]:
        """Every value of a name, in order."""
        return self[name]

    def first(self, name: str) -> str:
        """The first value of a name; empty when it is missing."""
        return self.get(name, [""])[0]

    def needed(self, name: str) -> str:
        """The first value of a name. Raises HookError when it is missing or empty."""
        if value := self.first(name):
            return value
        raise HookError(f"The call has no {name}; is this address set as the right webhook at Twilio?")


def read_receipt(validator: RequestValidator, hook: Hook) -> Receipt:
    """A status callback. Raises ForgedError, HookError."""
    form = _signed_form(validator, hook)
    mine = parse_qs(urlsplit(hook.url).query).get("m", [""])[0]
    return receipt_of(form.needed("MessageSid"), form.needed("MessageStatus"), form.first("ErrorCode"), own_id(mine))


def receipt_of(sid: str, status: str, code: str, message_id: int | None = None) -> Receipt:
    """Twilio's word about a message as a receipt, however it reached us: told, looked up or found in a list."""
    code = code if code.isdecimal() and len(code) < 8 and int(code) else ""
    carried = CARRIED.get(status)
    failed = carried in {Carried.FAILED, Carried.UNDELIVERED}
    return Receipt(
        provider=_PROVIDER,
        event_key=event_key(_PROVIDER, sid, status, code),
        carried=carried,
        provider_id=sid,
        message_id=message_id,
        cause=cause_of_failure(code) if failed else None,
        code=code,
        status=status[:40],
    )


def read_inbound(validator: RequestValidator, hook: Hook) -> Inbound:
    """A text from somebody. City, state and postcode, which Twilio guesses, end here. Raises ForgedError, HookError."""
    form = _signed_form(validator, hook)
    opt_out = form.first("OptOutType").upper()
    media, country = form.first("NumMedia"), form.first("FromCountry").upper()
    return Inbound(
        provider=_PROVIDER,
        provider_id=form.needed("MessageSid"),
        number=form.needed("From"),
        text=form.first("Body"),
        to=form.first("To"),
        opt_out=opt_out if opt_out in _OPT_OUTS else "",
        media=int(media) if media.isdecimal() and len(media) < 4 else 0,
        country=country if len(country) == 2 and country.isascii() and country.isalpha() else "",
    )


def _signed_form(validator: RequestValidator, hook: Hook) -> Form:
    form = Form()
    try:
        pairs = parse_qsl(text_of(hook), keep_blank_values=True, max_num_fields=_MOST_FIELDS)
    except ValueError:
        raise HookError(f"The call has more than {_MOST_FIELDS} fields; nothing was read.") from None
    for name, value in pairs:
        form.setdefault(name, []).append(value)
    signature = hook.headers.get("x-twilio-signature", "")
    # Nearly always it is over the address as we know it; `validate` works out every signature it allows, two of them.
    if not compare(validator.compute_signature(hook.url, form), signature) and not validator.validate(
        hook.url, form, signature
    ):
        raise ForgedError(
            "The call's signature is not Twilio's: check OUTREACH_PROVIDERS__TWILIO__TOKEN, and that "
            "OUTREACH_PUBLIC_URL is exactly the address set at Twilio (https or http, host, port, no slash at the end)."
        )
    return form
