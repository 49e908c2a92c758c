"""Values for the JSON Schemas that clients send: structured outputs, and arguments of tools.

`shape` makes them, `strict` knows which schemas OpenAI refuses.
"""
