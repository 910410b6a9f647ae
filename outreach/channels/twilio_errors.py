"""What Twilio's error codes mean, as a table: code → cause. The consequence is decided in `delivery`.

Source: https://www.twilio.com/docs/api/errors. Codes that only reach Twilio's debugger (our webhook failed, half of a
daily cap is used) never stand in an answer or a receipt and are not listed.
"""

from __future__ import annotations

from collections.abc import Mapping

from outreach.channels.contract import Cause

CAUSES: Mapping[int, Cause] = {
    20429: Cause.THROTTLED,  # too many requests
    30022: Cause.THROTTLED,  # US A2P 10DLC: rate exceeded
    30023: Cause.THROTTLED,  # US A2P 10DLC: daily cap reached
    30027: Cause.THROTTLED,  # US A2P 10DLC: T-Mobile's daily cap reached
    35125: Cause.THROTTLED,  # maximum limit reached in the account for scheduling messages
    63018: Cause.THROTTLED,  # rate limit exceeded for channel
    63038: Cause.THROTTLED,  # account exceeded the daily messages limit
    21611: Cause.QUEUE_FULL,  # 10 h of messages wait for this 'From' already
    30001: Cause.QUEUE_FULL,  # queue overflow
    20162: Cause.AMBIGUOUS,  # a conflicting resource update is in progress
    20409: Cause.AMBIGUOUS,  # conflict
    20500: Cause.AMBIGUOUS,  # internal server error
    20503: Cause.AMBIGUOUS,  # service unavailable
    30410: Cause.AMBIGUOUS,  # provider timeout error
    21610: Cause.OPTED_OUT,  # attempt to send to unsubscribed recipient
    21211: Cause.BAD_NUMBER,  # invalid 'To' phone number
    21217: Cause.BAD_NUMBER,  # phone number does not appear to be valid
    21407: Cause.LANDLINE,  # this phone number type does not support SMS
    21614: Cause.LANDLINE,  # 'To' number is not a valid mobile number
    30006: Cause.LANDLINE,  # landline or unreachable carrier
    30005: Cause.ENDPOINT_GONE,  # unknown destination handset
    21612: Cause.UNREACHABLE,  # the 'To' phone number is not currently reachable via SMS
    30003: Cause.UNREACHABLE,  # unreachable destination handset
    30017: Cause.UNREACHABLE,  # carrier network congestion
    30004: Cause.BLOCKED,  # message blocked
    30007: Cause.FILTERED,  # message filtered
    30038: Cause.FILTERED,  # one-time password traffic filtered
    30036: Cause.EXPIRED,  # validity period over
    21215: Cause.REGION,  # geo permission configuration is not permitting call
    21408: Cause.REGION,  # texts to this region are not enabled
    21212: Cause.SENDER,  # invalid from number (caller ID)
    21601: Cause.SENDER,  # not an SMS-capable number
    21603: Cause.SENDER,  # neither 'From' nor 'MessagingServiceSid' was given
    21606: Cause.SENDER,  # 'From' is not valid for this destination
    21616: Cause.SENDER,  # the 'From' number matches multiple numbers for your account
    21659: Cause.SENDER,  # 'From' is not a number of this account
    21660: Cause.SENDER,  # 'From' belongs to another account
    21701: Cause.SENDER,  # the messaging service does not exist
    21702: Cause.SENDER,  # the messaging service is not available to send new messages
    21703: Cause.SENDER,  # the messaging service has no number available
    21704: Cause.SENDER,  # the messaging service contains no phone numbers
    21705: Cause.SENDER,  # the messaging service is invalid
    21709: Cause.SENDER,  # alphanumeric sender is not valid for this messaging service
    21712: Cause.SENDER,  # the sender belongs to another messaging service
    21717: Cause.SENDER,  # US A2P campaign: brand registration not valid
    30018: Cause.SENDER,  # destination carrier requires sender ID pre-registration
    30024: Cause.SENDER,  # numeric sender ID not provisioned on carrier
    30032: Cause.SENDER,  # toll-free number has not been verified
    30034: Cause.SENDER,  # US A2P 10DLC sender not registered
    14111: Cause.ACCOUNT,  # invalid to phone number for trial mode
    20003: Cause.ACCOUNT,  # permission denied
    20005: Cause.ACCOUNT,  # account not active
    20006: Cause.ACCOUNT,  # access denied
    20008: Cause.ACCOUNT,  # test credentials
    20010: Cause.ACCOUNT,  # action disabled for account
    20101: Cause.ACCOUNT,  # invalid access token
    20104: Cause.ACCOUNT,  # access token expired or expiration date invalid
    20403: Cause.ACCOUNT,  # forbidden
    21219: Cause.ACCOUNT,  # 'To' phone number not verified
    21607: Cause.ACCOUNT,  # the 'from' phone number must be the sandbox phone number for trial accounts
    21608: Cause.ACCOUNT,  # the 'to' phone number provided is not yet verified for this account
    30002: Cause.ACCOUNT,  # account suspended
    30010: Cause.ACCOUNT,  # message price exceeds max price
    20001: Cause.BAD_REQUEST,  # unknown parameters
    20404: Cause.BAD_REQUEST,  # not found
    20422: Cause.BAD_REQUEST,  # invalid parameter
    20423: Cause.BAD_REQUEST,  # invalid SID
    21602: Cause.BAD_REQUEST,  # message body is required
    21604: Cause.BAD_REQUEST,  # the destination 'To' phone number is required to send an SMS
    21609: Cause.BAD_REQUEST,  # invalid 'StatusCallback'
    21617: Cause.BAD_REQUEST,  # the concatenated message body exceeds the 1600 character limit
    21618: Cause.BAD_REQUEST,  # the message body cannot be sent
    21619: Cause.BAD_REQUEST,  # unable to create record
    21620: Cause.BAD_REQUEST,  # invalid media url(s)
    21621: Cause.BAD_REQUEST,  # 'From' is not enabled for MMS
    21623: Cause.BAD_REQUEST,  # number of media files exceeds allowed limit
    21624: Cause.BAD_REQUEST,  # invalid validity period value
    21626: Cause.BAD_REQUEST,  # invalid 'StatusCallbackEvent'
    21627: Cause.BAD_REQUEST,  # max price must be a valid float
    21652: Cause.BAD_REQUEST,  # maximum subject length is 40 characters
    30011: Cause.BAD_REQUEST,  # MMS not supported by the receiving phone number in this region
    30012: Cause.BAD_REQUEST,  # TTL is too small
    30013: Cause.BAD_REQUEST,  # TTL is too big
    30019: Cause.BAD_REQUEST,  # content size exceeds carrier limit
    30029: Cause.BAD_REQUEST,  # invalid ContentRetention
    30030: Cause.BAD_REQUEST,  # invalid AddressRetention
    30400: Cause.BAD_REQUEST,  # parameters are not valid
    30409: Cause.BAD_REQUEST,  # this message cannot be canceled
    35111: Cause.BAD_REQUEST,  # SendAt is missing
    35114: Cause.BAD_REQUEST,  # scheduling does not support this timestamp
    35115: Cause.BAD_REQUEST,  # scheduling does not support this timestamp
    35118: Cause.BAD_REQUEST,  # MessagingServiceSid is required for scheduling
    35119: Cause.BAD_REQUEST,  # SendAt needs ScheduleType 'fixed'
    35126: Cause.BAD_REQUEST,  # this ScheduleType is not supported here
    30008: Cause.OTHER,  # unknown error
    30020: Cause.OTHER,  # internal failure with message scheduling
    30021: Cause.OTHER,  # internal failure with messaging service orchestrator
    30047: Cause.OTHER,  # no compliant window to reschedule into
    30453: Cause.OTHER,  # could not be delivered
    30500: Cause.OTHER,  # internal failure while sending
}


def cause_of_refusal(status: int, code: int | None) -> Cause:
    """Why a request was refused, by HTTP status and Twilio's code.

    Anything but a 4xx leaves it open whether the message was taken. An unknown code of a 4xx is a fault of our request.
    """
    if status == 429:
        return Cause.THROTTLED
    if not 400 <= status < 500 or status in {408, 409}:  # 408 and 409 come from in front of or beside the real work
        return Cause.AMBIGUOUS
    if status == 401:
        return Cause.ACCOUNT
    return CAUSES.get(code or 0, Cause.ACCOUNT if status == 403 else Cause.BAD_REQUEST)


def cause_of_failure(code: str) -> Cause:
    """Why a message that Twilio had taken did not arrive, by the code of its receipt."""
    return CAUSES.get(int(code), Cause.OTHER) if code else Cause.OTHER
