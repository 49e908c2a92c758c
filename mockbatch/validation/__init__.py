"""JSON Schemas, and the messages for values that do not fit them."""
