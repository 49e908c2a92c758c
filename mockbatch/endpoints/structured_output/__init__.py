"""Values for the JSON Schemas that clients send: structured outputs, and arguments of tools.

What happens to a schema, in this order:

- `strict`: which schemas OpenAI rejects, and with which message.
- `location`: where a schema is in a request, which OpenAI's messages mention; raises them.
- `sample`: a sampler for a schema, made once and shared by all clients that send it: it generates
  a value for each prompt and checks it with jsonschema.
- `subschemas`: walks the schemas inside a schema.
- `alternatives`: reduces each schema to alternatives of one type each, without references and
  unions.
- `depth`: how deeply the smallest value of each alternative is nested, so that recursion ends.
- `generator`: generates a value from the alternatives, with the help of `strings` and `numbers`.
"""
