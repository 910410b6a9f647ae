"""Whether a clinic's Outreach is well: everything an operator would look at, each finding with its remedy.

Reads everything, writes nothing, and says nothing personal: ids, counts and ages. `examine.examine` goes through all;
a check is a function here and a line in `examine.CHECKS`.
"""
