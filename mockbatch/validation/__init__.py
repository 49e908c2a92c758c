"""JSON Schemas, and the messages for values that do not fit them.

schema          the schemas of the package: check, assert, coerce integers
fast_check      accepts most valid values quickly; whatever it does not accept,
                jsonschema judges
error_wording   words jsonschema's errors as OpenAI does
client_schema   schemas that clients send, validated within a limit of steps
regex           regular expressions of JSON Schemas, matched within a limit of steps
"""
