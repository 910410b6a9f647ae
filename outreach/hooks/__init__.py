"""Outgoing webhooks: other programs are told that something happened, in ids only. They ask the API for the rest.

`tables` what is kept, `events` what can be told (in the transaction in which it happens), `targets` whom, `address`
where a call may go, `signature` how it is signed (Standard Webhooks), `carry` the calls themselves.
"""
