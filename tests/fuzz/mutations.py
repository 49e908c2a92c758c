"""How valid JSON, bytes and schemas are changed."""

import copy
import json
from random import Random

from mockbatch.typing import Json

_TEXTS = ("", "x", "\0", "\ud800", "ä", "\u2028", "*", "[", "?" * 40, "a" * 5000, "../..", "{}")
_NUMBERS = (0, -1, 1, 3.5, 2**31, 2**53, 2**63, 10**30, -(10**30), 1e308, 4294967295)
_LONG_CHARACTERS = 10_000
_TYPES = ("object", "array", "string", "integer", "number", "boolean", "null", "x")


def any_value(random: Random, depth: int = 3) -> Json:
    """Return any JSON value."""
    kind = random.randrange(8 if depth else 6)
    if kind == 6:
        return [any_value(random, depth - 1) for _ in range(random.randrange(4))]
    if kind == 7:
        return {text(random): any_value(random, depth - 1) for _ in range(random.randrange(4))}
    return random.choice((None, True, False, random.choice(_NUMBERS), text(random), text(random)))


def text(random: Random) -> str:
    """Return any text."""
    if random.random() < 0.5:
        return random.choice(_TEXTS)
    return "".join(
        chr(random.choice((random.randrange(32, 127), random.randrange(0x3000))))
        for _ in range(random.randrange(12))
    )


def mutate(random: Random, value: Json) -> Json:
    """Return a copy of a JSON value with a few changes."""
    changed: Json = [copy.deepcopy(value)]
    for _ in range(random.randrange(1, 4)):
        _change(random, changed)
    return changed[0]


def _change(random: Random, root: Json) -> None:
    """Change one member of an object or an item of an array, somewhere below a value."""
    parent, key = root, 0
    while random.random() < 0.8:
        child = parent[key]
        if isinstance(child, dict) and child:
            parent, key = child, random.choice(list(child))
        elif isinstance(child, list) and child:
            parent, key = child, random.randrange(len(child))
        else:
            break
    action = random.randrange(5)
    if action == 0 and parent is not root:
        del parent[key]
    elif action == 1 and isinstance(parent, list):
        parent[key : key + 1] = [parent[key]] * random.choice((2, 100, 3000))
    elif action == 2 and isinstance(parent[key], str):
        # Two changes may hit the same text: a long one grows no further.
        times = random.choice((2, 1000)) if len(parent[key]) < _LONG_CHARACTERS else 1
        parent[key] = parent[key] * times + text(random)
    elif action == 3 and isinstance(parent, dict):
        parent[text(random)] = any_value(random)
    else:
        parent[key] = any_value(random)


def encode(random: Random, value: Json) -> bytes:
    """Return a value as JSON that is now and then not quite JSON."""
    data = json.dumps(value, ensure_ascii=random.random() < 0.5).encode("utf-8", "surrogatepass")
    return change_bytes(random, data) if random.random() < 0.1 else data


def change_bytes(random: Random, data: bytes) -> bytes:
    """Return bytes with some of them replaced, removed, repeated or added."""
    changed = bytearray(data)
    for _ in range(random.randrange(1, 6)):
        at = random.randrange(len(changed) + 1)
        action = random.randrange(4)
        if action == 0:
            changed[at:at] = random.randbytes(random.randrange(1, 4))
        elif action == 1:
            del changed[at : at + random.randrange(1, 9)]
        elif action == 2:
            changed[at:at] = changed[max(at - 20, 0) : at] * random.randrange(1, 4)
        else:
            changed[at:at] = random.choice(
                (b"\r\n", b"\n", b"\r", b"\0", b" ", b":", b"%", b"\xff")
            )
    return bytes(changed)


def any_schema(random: Random, depth: int = 4) -> Json:
    """Return a JSON Schema, or something like one."""
    if depth == 0 or random.random() < 0.05:
        return random.choice(({}, True, {"type": random.choice(_TYPES)}, {"$ref": "#"}))
    keyword = random.randrange(9)
    below = any_schema(random, depth - 1)
    if keyword == 0:
        names = [f"p{index}" for index in range(random.randrange(1, 6))]
        properties = {name: any_schema(random, depth - 1) for name in names}
        return {
            "type": "object",
            "properties": properties,
            "required": names,
            "additionalProperties": False,
        }
    if keyword == 1:
        bounds = {"minItems": random.choice(_NUMBERS), "maxItems": random.choice(_NUMBERS)}
        return {"type": "array", "items": below, **(bounds if random.random() < 0.3 else {})}
    if keyword == 2:
        return {
            random.choice(("anyOf", "allOf", "oneOf")): [
                any_schema(random, depth - 1) for _ in range(random.choice((1, 3, 40)))
            ]
        }
    if keyword == 3:
        return {"enum": [any_value(random, 1) for _ in range(random.choice((1, 5, 900)))]}
    if keyword == 4:
        return {
            "type": "string",
            "pattern": random.choice(("^(a+)+$", "[a-z]{1,9}", "(", text(random))),
        }
    if keyword == 5:
        return {
            "type": "number",
            "minimum": random.choice(_NUMBERS),
            "multipleOf": random.choice(_NUMBERS),
        }
    if keyword == 6:
        return {
            "$defs": {"a": below, "b": {"$ref": "#/$defs/a"}},
            "$ref": "#/$defs/" + random.choice("abc"),
        }
    if keyword == 7:
        return {"type": [random.choice(_TYPES) for _ in range(2)], "const": any_value(random, 1)}
    return {"type": "string", "minLength": random.choice(_NUMBERS), "format": text(random)}
