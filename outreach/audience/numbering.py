"""What the `phonenumbers` library knows of a number: whether it exists, can get a text, and where it is."""

from __future__ import annotations

import phonenumbers
from phonenumbers import PhoneNumber, PhoneNumberType, ValidationResult
from phonenumbers.timezone import UNKNOWN_TIMEZONE, time_zones_for_number

from outreach.audience import places
from outreach.audience.phone import Phone, PhoneRefusal

_LINES = {
    PhoneNumberType.FIXED_LINE: PhoneRefusal.LANDLINE,
    PhoneNumberType.PREMIUM_RATE: PhoneRefusal.PREMIUM,
    PhoneNumberType.TOLL_FREE: PhoneRefusal.TOLL_FREE,
    PhoneNumberType.SHARED_COST: PhoneRefusal.SHARED_COST,
    PhoneNumberType.VOIP: PhoneRefusal.INTERNET,
    PhoneNumberType.PERSONAL_NUMBER: PhoneRefusal.PERSONAL,
    PhoneNumberType.PAGER: PhoneRefusal.SERVICE,
    PhoneNumberType.UAN: PhoneRefusal.SERVICE,
    PhoneNumberType.VOICEMAIL: PhoneRefusal.SERVICE,
}
_TEXTABLE = {PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE}
_LENGTHS = {
    ValidationResult.TOO_SHORT: PhoneRefusal.TOO_SHORT,
    ValidationResult.IS_POSSIBLE_LOCAL_ONLY: PhoneRefusal.TOO_SHORT,
    ValidationResult.TOO_LONG: PhoneRefusal.TOO_LONG,
}

#: Twilio's magic test numbers (its page "Test Credentials"): they parse as personal numbers and reach nobody.
_MAGIC = "+1500555"


def read(written: str, country: str) -> Phone | PhoneRefusal:
    """Digits, with "+" where the country code stands in front. `country` (ISO 3166) is for those without."""
    try:
        number = phonenumbers.parse(written, country)
    except phonenumbers.NumberParseException:
        return PhoneRefusal.INVALID
    if not phonenumbers.is_valid_number(number):
        return _why_invalid(number, written)
    return _textable(number)


def locate(number: str) -> tuple[str, str]:
    """See `phone.locate`."""
    try:
        parsed = phonenumbers.parse(number, None)
    except phonenumbers.NumberParseException:
        return "", ""
    country = phonenumbers.region_code_for_number(parsed) or ""
    return (country, _zone(parsed, country)) if len(country) == 2 and country.isalpha() else ("", "")


def _why_invalid(number: PhoneNumber, written: str) -> PhoneRefusal:
    if not written.startswith(("+", "0")) and _is_valid(f"+{written}"):
        return PhoneRefusal.NO_PLUS
    return _LENGTHS.get(phonenumbers.is_possible_number_with_reason(number), PhoneRefusal.INVALID)


def _is_valid(written: str) -> bool:
    try:
        return phonenumbers.is_valid_number(phonenumbers.parse(written, None))
    except phonenumbers.NumberParseException:
        return False


def _textable(number: PhoneNumber) -> Phone | PhoneRefusal:
    kind = phonenumbers.number_type(number)
    e164 = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    if kind not in _TEXTABLE and not e164.startswith(_MAGIC):
        return _LINES.get(kind, PhoneRefusal.INVALID)
    country = phonenumbers.region_code_for_number(number)
    if country is None or not country.isalpha():
        return PhoneRefusal.NO_COUNTRY
    return Phone(e164, country, _zone(number, country))


def _zone(number: PhoneNumber, country: str) -> str:
    found = tuple(zone for zone in time_zones_for_number(number) if zone != UNKNOWN_TIMEZONE)
    return places.candidates(found, country)
