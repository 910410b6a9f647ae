"""The forms that a clinic's webhooks get, field by field as Twilio sends them."""

from __future__ import annotations

from datetime import datetime

from outreach import parts
from outreach.simulator.messages import Message, Status

API_VERSION = "2010-04-01"

#: What Twilio's built-in filter understands: whole message, one word, English.
_OPT_OUTS = {
    "STOP": frozenset(["STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT"]),
    "START": frozenset(["START", "YES", "UNSTOP"]),
    "HELP": frozenset(["HELP", "INFO"]),
}

#: Country, city and postal code that come with a text, by prefix. A clinic is to drop the last two unread.
_PLACES = {
    "+254": ("KE", "NAIROBI", "00100"),
    "+255": ("TZ", "DODOMA", "41101"),
    "+256": ("UG", "KAMPALA", "00256"),
    "+250": ("RW", "KIGALI", ""),
    "+27": ("ZA", "PRETORIA", "0001"),
    "+33": ("FR", "PARIS", "75001"),
    "+44": ("GB", "LONDON", ""),
    "+1": ("US", "WASHINGTON", "20001"),
}


def measure(message: Message) -> None:
    """Set the encoding and the number of parts of a message from its body."""
    counted = parts.count(message.body)
    message.encoding, message.parts = counted.encoding, counted.parts


def opt_out(text: str) -> str:
    """STOP, START or HELP where the carrier's own filter would act; otherwise empty."""
    word = text.strip().upper()
    return next((kind for kind, words in _OPT_OUTS.items() if word in words), "")


def receipt(message: Message, account_sid: str, now: datetime) -> dict[str, str]:
    """The form of a status callback."""
    form = {
        "SmsSid": message.sid,
        "SmsStatus": message.status,
        "MessageStatus": message.status,
        "To": message.recipient,
        "MessageSid": message.sid,
        "AccountSid": account_sid,
        "From": message.sender,
        "ApiVersion": API_VERSION,
    }
    if message.service:
        form["MessagingServiceSid"] = message.service
    if message.code is not None:
        form["ErrorCode"] = str(message.code)
    if message.status is Status.DELIVERED:
        form["RawDlrDoneDate"] = f"{now:%y%m%d%H%M}"
    return form


def inbound(message: Message, account_sid: str, opted: str) -> dict[str, str]:
    """The form of a text from a handset. `opted`: what the carrier's own filter has answered already."""
    from_country, from_city, from_zip = _place(message.sender)
    to_country, to_city, to_zip = _place(message.recipient)
    form = {
        "ToCountry": to_country,
        "ToState": "",
        "ToCity": to_city,
        "ToZip": to_zip,
        "FromCountry": from_country,
        "FromState": "",
        "FromCity": from_city,
        "FromZip": from_zip,
        "SmsMessageSid": message.sid,
        "SmsSid": message.sid,
        "MessageSid": message.sid,
        "SmsStatus": message.status,
        "Body": message.body,
        "To": message.recipient,
        "From": message.sender,
        "NumMedia": "0",
        "NumSegments": str(message.parts),
        "AccountSid": account_sid,
        "ApiVersion": API_VERSION,
    }
    if message.service:
        form["MessagingServiceSid"] = message.service
    if opted:
        form["OptOutType"] = opted
    return form


def _place(number: str) -> tuple[str, str, str]:
    return next((place for prefix, place in _PLACES.items() if number.startswith(prefix)), ("", "", ""))
