"""JSON Schema: the package's own schemas, and those that clients send.

- `schema`: the schemas in `schemas/`: checking values, and errors for invalid ones.
- `fast_check`: recognises obviously valid values without jsonschema.
- `bounded_validator`: jsonschema's validator, which stops after a bounded number of steps.
- `error_wording`: jsonschema's errors in OpenAI's words.
- `type_names`: what JSON Schema's types are called in messages, and in Python.
- `integers`: 16.0 becomes 16 where a schema asks for an integer.
- `client_schema`: schemas that clients send, checked in bounded time.
- `obvious_schema`: accepts most valid schemas of clients quickly.
- `step_budget`: the steps that the checks of one request or batch may take together.
- `violations`: which rules of a schema a value violates; other modules put them into words.
- `regex`, `regex_syntax`: patterns in clients' schemas, matched in bounded time, and sample texts.
"""
