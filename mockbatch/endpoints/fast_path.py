"""Plain requests: texts in, a text out, as most lines of most batches are.

Nothing but a few values differs between the answers to such requests when the rest of their
bodies, their form, is the same. So it is judged once, and a whole file is written from one
pattern. What comes out is what the endpoint's own `check` and `answer` say, only sooner.
"""

import marshal
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from mockbatch.endpoints.json_template import Place
from mockbatch.typing import Json

Values = tuple[Any, ...]

# A form is kept for as long as its batch.
_LONGEST_FORM = 4096


class Gist(NamedTuple):
    """What the answer to a plain request depends on, beside the moment of its execution.

    `form` stands for the body without its texts, `asked` is the text that is answered, as
    the answer quotes it, and whether that is bare; `given` is how many tokens all texts are.
    """

    form: bytes
    asked: tuple[str, bool]
    given: int


# Gives the values of an answer, of what is asked, the tokens given, and a Moment: the letters of
# its seed, and at.
Answering = Callable[[tuple[str, bool], int, str, int], Values]


class Plain(NamedTuple):
    """How an endpoint answers plain requests.

    `gist` returns the gist of a request body, None of one that is not plain; all bodies of
    one form have to be taken by the endpoint, or all refused. `answering` makes, of the body
    that a form stands for, what gives the values of the answers at `places`, in their order.
    `input` and `output` are the indexes of what is billed among these. `example` makes a body
    of that, with some text in it.
    """

    gist: Callable[[Json], Gist | None]
    places: tuple[Place, ...]
    answering: Callable[[Mapping[str, Json]], Answering]
    input: int
    output: int
    example: Callable[[Mapping[str, Json]], dict[str, Json]]


def form(rest: dict[str, Json]) -> bytes | None:
    """Return what stands for a body without its texts; None if it is too long to keep."""
    try:
        # Version 2 writes equal values alike and 1, 1.0 and True apart.
        written = marshal.dumps(rest, 2)
    except ValueError:  # nested too deeply
        return None
    return written if len(written) <= _LONGEST_FORM else None


def rest(form: bytes) -> Mapping[str, Json]:
    """Return the body without its texts that a form stands for."""
    found: Mapping[str, Json] = marshal.loads(form)  # noqa: S302 - written by `form`
    return found
