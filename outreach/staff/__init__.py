"""Staff: who signs in, what each may do, and the phone on which somebody is called.

`accounts` is the list of them, `links` the way in for whoever has no password yet, `tables` what is kept.
"""
