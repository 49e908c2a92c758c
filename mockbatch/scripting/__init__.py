"""The user's scripted replies, and which requests they are for.

script   the entries of a world in order, parsed from JSON, from functions or from a file
match    the conditions of an entry
turns    several replies of one entry, one request after the other
"""
