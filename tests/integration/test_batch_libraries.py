"""Libraries that speak to several providers, each unmodified and in an environment of its own."""

import json
import sys
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from mockbatch.client import WorldClient
from mockbatch.testing.environment import environment, environment_of
from tests.support.client_environments import MAY_INSTALL, python_with, require, run_python

pytestmark = [MAY_INSTALL, pytest.mark.slow]

Make = Callable[..., WorldClient]
# What batchwork-ai sees of a batch of five lines: its last status, and how its results ended.
HAPPY = {"completed": {"succeeded": 5}}
SOME_FAILED = {"completed": {"errored": 1, "succeeded": 4}}
EXPIRED = {"expired": {"errored": 3, "succeeded": 2}}
BATCHWORK = {
    "anthropic": {
        "lives": [HAPPY, SOME_FAILED, {"completed": {"expired": 3, "succeeded": 2}}],
        "cancel": "completed",
    },
    "azure": {"lives": [HAPPY, SOME_FAILED], "cancel": "cancelled"},
    "groq": {"lives": [HAPPY, SOME_FAILED, EXPIRED], "cancel": "cancelled"},
    "openai": {"lives": [HAPPY, SOME_FAILED, EXPIRED], "cancel": "cancelled"},
}
LITELLM = {
    "azure": {"results": {"good": 200, "bad": 400}, "cancel": "cancelled"},
    "anthropic": {"results": {"good": "succeeded", "bad": "errored"}, "counts": [2, 1, 1]},
    "azure listed": 1003,
}

BATCHLANE = {
    "lives": [
        HAPPY,
        {"completed": {"failed": 1, "succeeded": 4}},
        {"expired": {"failed": 3, "succeeded": 2}},
    ],
    "cancel": "cancelled",
    "listed": 4,
}
PYDANTIC_AI = {
    "lives": [
        {"succeeded": 5},
        {"errored": 1, "succeeded": 4},
        {"expired": 3, "succeeded": 2},
    ],
    "cancel": ["canceled"],
}


def run_library(requirement: str, program: str, make: Make, *words: str) -> Mapping[str, Any]:
    """Return what a program saw with a library, in a world whose clock moves when it is polled."""
    world = make(clock="on-poll")
    python = require(lambda: python_with(requirement))
    # It would ask the network for the prices of models.
    offline = {"LITELLM_LOCAL_MODEL_COST_MAP": "True"}
    with environment({**environment_of(world), **offline}):
        done = run_python(python, program, world, *words)
    assert done.returncode == 0, done.stderr
    found: Mapping[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


@pytest.mark.skipif(sys.version_info < (3, 11), reason="batchwork-ai needs Python 3.11")
@pytest.mark.parametrize("provider", BATCHWORK)
def test_batchwork_reads_every_provider(provider: str, make_mockbatch: Make) -> None:
    """One client for whole lives: all well, failed lines, an expiry and a cancel."""
    found = run_library("batchwork-ai>=0.3,<1", "batchwork_lives.py", make_mockbatch, provider)
    assert found == BATCHWORK[provider]


def test_litellm_reads_azure_and_anthropic(make_mockbatch: Make) -> None:
    """Failed lines, a cancel and a long list with Azure OpenAI; with Anthropic what it can do."""
    found = run_library("litellm>=1.110,<2", "litellm_lives.py", make_mockbatch)
    assert {name: found[name] for name in LITELLM} == LITELLM


@pytest.mark.skipif(
    sys.version_info < (3, 11), reason="pydantic-ai is tested with Python 3.11 and later"
)
@pytest.mark.parametrize("provider", ["anthropic", "openai"])
def test_pydantic_ai_reads_anthropic_and_openai(provider: str, make_mockbatch: Make) -> None:
    """Whole lives: all well, failed lines, an expiry and a cancel, with each reply decoded."""
    requirement = "pydantic-ai-slim[anthropic,openai]>=2.68,<3"
    found = run_library(requirement, "pydantic_ai_lives.py", make_mockbatch, provider)
    assert found == PYDANTIC_AI


@pytest.mark.skipif(sys.version_info < (3, 11), reason="batchlane needs Python 3.11")
def test_batchlane_reads_groq(make_mockbatch: Make) -> None:
    """Whole lives: all well, failed lines, an expiry and a cancel, and the list of all four."""
    found = run_library("batchlane>=0.2,<0.3", "batchlane_lives.py", make_mockbatch)
    assert found == BATCHLANE
