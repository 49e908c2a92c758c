"""The user's scripted replies, and which requests they are for.

script       the entries of a world in order, parsed from JSON or from functions
script_file  reads a script from a file
match        the conditions of an entry
reply        parses a reply document, and checks it for an endpoint
turns        several replies of one entry, one for each request
"""
