"""Phone numbers as people and spreadsheets write them, read into E.164, or refused by name.

What `phonenumbers` cannot tell is not guessed: in North America and Mexico mobile and landline look the same, so both
are taken there; a number of another country without its "+" is refused, because the nearest reading may be a stranger.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from importlib import import_module
from typing import Any


class PhoneRefusal(StrEnum):
    """Why something is not a number that can get a text."""

    EMPTY = "phone_empty"
    LETTERS = "phone_letters"
    EXTENSION = "phone_extension"
    SEVERAL = "phone_several"
    LOST_DIGITS = "phone_lost_digits"
    SHORT_CODE = "phone_short_code"
    TOO_SHORT = "phone_too_short"
    TOO_LONG = "phone_too_long"
    NO_PLUS = "phone_no_plus"
    INVALID = "phone_invalid"
    LANDLINE = "phone_landline"
    PREMIUM = "phone_premium"
    TOLL_FREE = "phone_toll_free"
    SHARED_COST = "phone_shared_cost"
    INTERNET = "phone_internet"
    PERSONAL = "phone_personal"
    SERVICE = "phone_service"
    NO_COUNTRY = "phone_no_country"


REMEDIES: dict[PhoneRefusal, str] = {
    PhoneRefusal.EMPTY: "Write the number.",
    PhoneRefusal.LETTERS: "Write digits only.",
    PhoneRefusal.EXTENSION: "Write a number without an extension; texts cannot reach one.",
    PhoneRefusal.SEVERAL: "Keep one number in the cell.",
    PhoneRefusal.LOST_DIGITS: "The spreadsheet rounded it: format the column as text, then write the number again.",
    PhoneRefusal.SHORT_CODE: "Write the whole number; this is as short as a service's.",
    PhoneRefusal.TOO_SHORT: "Digits are missing: write the whole number.",
    PhoneRefusal.TOO_LONG: "There are too many digits: check the number.",
    PhoneRefusal.NO_PLUS: "It reads as another country's number: write it with + and the country code.",
    PhoneRefusal.INVALID: "No such number can exist: check it, or say --country.",
    PhoneRefusal.LANDLINE: "A landline gets no texts: write a mobile number.",
    PhoneRefusal.PREMIUM: "A premium number is not a person's: write a mobile number.",
    PhoneRefusal.TOLL_FREE: "A toll-free number is not a person's: write a mobile number.",
    PhoneRefusal.SHARED_COST: "A shared-cost number is not a person's: write a mobile number.",
    PhoneRefusal.INTERNET: "An internet number does not get texts reliably: write a mobile number.",
    PhoneRefusal.PERSONAL: "A forwarding number hides who reads it: write a mobile number.",
    PhoneRefusal.SERVICE: "A pager, voicemail or company number is not a person's phone: write a mobile number.",
    PhoneRefusal.NO_COUNTRY: "A satellite or international number has no country: write a mobile number.",
}

_SCIENTIFIC = re.compile(r"(\+?\d+)(?:[.,](\d+))?[eE]\+?(\d{1,2})")
_FLOAT = re.compile(r"(\+?\d{7,})[.,]0+")
_THOUSANDS = re.compile(r"\+?\d{1,3}(?:,\d{3}){2,}")
_QUOTED = re.compile(r'="([^"]*)"')
_BETWEEN = re.compile(r"[,;/|&\n\r]|\b(?:or|and|ou|et|au|na)\b", re.IGNORECASE)
_EXTENSION = re.compile(r"\d\W*(?:;?ext(?:ension)?|poste|x|#)[.:=\s]*\d+$", re.IGNORECASE)
_WRITTEN = re.compile(r"\(?\+?[\d ().\-/]*")
_ABROAD = re.compile(r"0{2,3}(?=[1-9])")
_LEAST, _MOST = 7, 17  # digits; E.164 has at most 15, and an operator's prefix may stand before them


@dataclass(frozen=True, slots=True)
class Phone:
    """A number that can get a text. `zone`: IANA candidates joined by "|", empty when nothing is known."""

    number: str = field(repr=False)  # E.164
    country: str  # ISO 3166 alpha-2
    zone: str


def read(text: str, country: str) -> Phone | PhoneRefusal:
    """Read what stands in a cell. `country` (ISO 3166) is for numbers written without "+"."""
    written = _digits(_plain(text))
    if isinstance(written, PhoneRefusal):
        return written
    found: Phone | PhoneRefusal = _numbering().read(written, country)
    return found


def locate(number: str) -> tuple[str, str]:
    """Country and zone of an E.164 number that wrote to us; both empty for short codes and sender names."""
    found: tuple[str, str] = _numbering().locate(number)
    return found


@cache
def _numbering() -> Any:
    """What knows every country's numbers, loaded with the first of them: sending never reads one, and it takes 2 MB."""
    return import_module("outreach.audience.numbering")


def _plain(text: str) -> str:
    """Only ASCII where a character has an ASCII twin; no invisible marks; without a spreadsheet's wrapping."""
    if not text.isascii():
        text = "".join(map(_twin, unicodedata.normalize("NFKC", text)))
    text = text.strip()
    quoted = _QUOTED.fullmatch(text)
    return (quoted[1] if quoted else text).removeprefix("tel:").lstrip("'`’‘ ").strip()


def _twin(char: str) -> str:
    category = unicodedata.category(char)
    if category == "Nd":
        return str(unicodedata.decimal(char))
    if category == "Pd" or char == "−":
        return "-"
    return "" if category == "Cf" else char


def _digits(text: str) -> str | PhoneRefusal:
    """The number's digits, with "+" where the country code stands in front."""
    if not text.strip("-.+() /"):
        return PhoneRefusal.EMPTY
    text = _unspoilt(text)
    if not text:
        return PhoneRefusal.LOST_DIGITS
    if refusal := _not_one_number(text):
        return refusal
    digits = re.sub(r"\D", "", text)
    if text.lstrip("(").startswith("+"):
        written = f"+{digits}"
    else:
        written = _ABROAD.sub("+", digits, count=1) if _ABROAD.match(digits) else digits
    return _too_short_or_long(written) or written


def _unspoilt(text: str) -> str:
    """Undo what a spreadsheet does to a number; empty when digits are lost for good."""
    if found := _SCIENTIFIC.fullmatch(text):
        whole, fraction, power = found[1], found[2] or "", int(found[3])
        # "2.54712E+11" says six digits of twelve. The last digit may be a zero that was not written, so none may miss.
        return whole + fraction if len(fraction) == power else ""
    if found := _FLOAT.fullmatch(text):
        return found[1]
    return text.replace(",", "") if _THOUSANDS.fullmatch(text) else text


def _not_one_number(text: str) -> PhoneRefusal | None:
    if text.count("+") > 1 or _several(_BETWEEN.split(text), 7) or _several(text.split(), 9):
        return PhoneRefusal.SEVERAL
    if _EXTENSION.search(text):
        return PhoneRefusal.EXTENSION
    if any(char.isalpha() for char in text):
        return PhoneRefusal.LETTERS
    return None if _WRITTEN.fullmatch(text) else PhoneRefusal.INVALID


def _several(pieces: list[str], least: int) -> bool:
    return sum(sum(map(str.isdigit, piece)) >= least for piece in pieces) > 1


def _too_short_or_long(written: str) -> PhoneRefusal | None:
    length = len(written.lstrip("+"))
    if length > _MOST:
        return PhoneRefusal.TOO_LONG
    if length >= _LEAST:
        return None
    return PhoneRefusal.TOO_SHORT if written.startswith("+") or length < 3 else PhoneRefusal.SHORT_CODE
