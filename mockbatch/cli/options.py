"""Options that an environment variable of the same name can give."""

import argparse
import os
import re
from dataclasses import dataclass, fields
from typing import Any


@dataclass(frozen=True)
class BadVariable:
    """Stands for the value of an option whose environment variable makes no sense.

    It is told when the option is used: not by other commands, and not when a flag replaces it.
    """

    message: str


class _Several(list[Any]):
    """Values from the environment, which a repeatable flag replaces and does not extend."""

    def __copy__(self) -> list[Any]:  # argparse copies a default before it appends
        return []


class Options:
    """Adds options that an environment variable of the same name can give."""

    def __init__(self, parser: argparse.ArgumentParser) -> None:
        self._parser = parser

    def add(self, flag: str, **how: Any) -> None:
        """Add an option; `how` is as for argparse."""
        name = "MOCKBATCH_" + flag.removeprefix("--").replace("-", "_").upper()
        text = os.environ.get(name)
        how["help"] += f" [{name}]"
        if how.get("default") is not None:
            how["help"] += " (default: %(default)s)"
        if text:
            how["default"] = self._read(name, text, how)
        self._parser.add_argument(flag, **how)

    def _read(self, name: str, text: str, how: dict[str, Any]) -> Any:
        if how.get("action") == "store_true":
            return text.lower() not in ("0", "false", "no")
        if text not in how.get("choices", (text,)):
            return BadVariable(f"{name}: invalid choice: {text!r}")
        kind = how.get("type", str)
        try:
            if how.get("action") == "append":
                return _Several(kind(one.strip()) for one in text.split(",") if one.strip())
            return kind(text)
        except (ValueError, argparse.ArgumentTypeError) as error:
            return BadVariable(f"{name}: {error}")


def port(text: str) -> int:
    """Read a port; 0 is one."""
    number = int(text) if text.isascii() and text.isdigit() else -1
    if not 0 <= number <= 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is no port")
    return number


def positive(text: str) -> float:
    """Read a positive number."""
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 1e-6 <= number <= 1e9:
        raise argparse.ArgumentTypeError(f"{text!r} is no positive number")
    return number


def limit(text: str) -> tuple[str, int]:
    """Read the name of a limit and its number, as in `lines=140000`."""
    from mockbatch.limits import Limits

    name, _, number = text.partition("=")
    names = [field.name for field in fields(Limits)]
    if name not in names:
        raise argparse.ArgumentTypeError(f"{name!r} is no limit: there are {', '.join(names)}")
    if not re.fullmatch("[1-9][0-9]{0,11}", number):
        raise argparse.ArgumentTypeError(f"{number!r} is no number for {name}")
    return name, int(number)
