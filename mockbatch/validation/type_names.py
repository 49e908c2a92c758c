"""The types of JSON Schema: what Python parses them to, and what OpenAI's messages call them."""

from collections.abc import Mapping

# The Python types of the values that each type of JSON Schema allows.
PYTHON_TYPES: Mapping[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "object": (dict,),
    "array": (list,),
    "null": (type(None),),
}
# What OpenAI's messages call a type that was expected ...
EXPECTED_TYPES: Mapping[str, str] = {
    "string": "a string",
    "integer": "an integer",
    "number": "a decimal",
    "boolean": "a boolean",
    "array": "an array",
    "object": "an object",
    "null": "null",
}
# ... and the type of a value that was sent.
_ACTUAL_TYPES: Mapping[type, str] = {
    str: "a string",
    int: "an integer",
    float: "a decimal number",
    bool: "a boolean",
    list: "an array",
    dict: "an object",
    type(None): "null",
}


def describe_type(value: object) -> str:
    """Return what OpenAI's messages call the type of a JSON value, such as "an integer".

    The type of a value that JSON does not have is called by its name in Python.
    """
    return _ACTUAL_TYPES.get(type(value), f"a value of type {type(value).__name__}")
