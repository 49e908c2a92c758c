"""Values of a request as error messages repeat them: cut, if they are long."""

from collections.abc import Mapping

from mockbatch.strings.redaction import CUT_MARK

#: The longest value that a message repeats whole: all names of the catalogue of scenarios fit.
MAX_ECHOED_CHARACTERS = 2000


def shorten(value: object) -> str:
    """Return the text of a value; one that is cut ends with `...`."""
    text = str(value)
    if len(text) <= MAX_ECHOED_CHARACTERS:
        return text
    return text[:MAX_ECHOED_CHARACTERS] + CUT_MARK


def shorten_all(fields: Mapping[str, object]) -> dict[str, str]:
    """Return the text of each value that is going to be filled into a message."""
    return {name: shorten(value) for name, value in fields.items()}
