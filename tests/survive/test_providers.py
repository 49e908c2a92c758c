"""Programs that use another provider than OpenAI."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from mockbatch.cli import main
from mockbatch.survive.misfortunes import DEFAULT, misfortune

PROGRAMS = Path(__file__).parent / "programs"
# The same program of OpenAI's API with the SDKs of Azure OpenAI and Groq.
SDK_PROGRAM = """
import io
import json
import sys
import time

{client}
path = "{path}"
lines = [
    {{
        "custom_id": f"q-{{number}}",
        "method": "POST",
        "url": path,
        "body": {{
            "model": "gpt-4o-mini",
            "messages": [{{"role": "user", "content": f"{{number}}?"}}],
        }},
    }}
    for number in range(5)
]
data = "\\n".join(map(json.dumps, lines)).encode()
file = client.files.create(file=("in.jsonl", data), purpose="batch")
time.sleep(10)
batch = client.batches.create(input_file_id=file.id, endpoint=path, completion_window="24h")
while batch.status not in ("completed", "failed"):
    time.sleep(60)
    batch = client.batches.retrieve(batch.id)
for line in client.files.content(batch.output_file_id).{text}.split("\\n"):
    print(line)
"""
SDK_PROGRAMS = {
    "azure": SDK_PROGRAM.format(
        client='import openai\nclient = openai.AzureOpenAI(api_version="2024-10-21")',
        path="/chat/completions",
        text="text",
    ),
    "groq": SDK_PROGRAM.format(
        client="import groq\nclient = groq.Groq()", path="/v1/chat/completions", text="text()"
    ),
}


def survey(
    capfd: pytest.CaptureFixture[str], program: Path, *names: str
) -> dict[str, dict[str, Any]]:
    """Return the rows of a survey by misfortune."""
    only = [word for name in names for word in ("--only", name)]
    main(["survive", "--wall", "150", "--json", *only, "--", sys.executable, str(program)])
    out, err = capfd.readouterr()
    rows = [json.loads(line) for line in out.splitlines()]
    assert rows, err
    return {row["misfortune"]: row for row in rows}


def test_a_program_of_message_batches_is_judged(capfd: pytest.CaptureFixture[str]) -> None:
    """By lines without an answer, by faults of its downloads, and by what is sent twice."""
    names = ("some_failed", "content_5xx", "finalizing_long")
    rows = survey(capfd, PROGRAMS / "message_naive.py", *names)
    verdicts = {name: row["verdict"] for name, row in rows.items()}
    assert verdicts == {
        "some_failed": "never noticed",
        "content_5xx": "reported",
        "finalizing_long": "not met",
    }
    assert rows["finalizing_long"]["sentence"] == (
        "not for Anthropic: a Message Batch is never finalizing"
    )
    seen = rows["content_5xx"]["evidence"]["server"]
    [[batch_id, status]] = seen["batches"]
    assert (seen["unread_files"], status, seen["polls"]) == ([batch_id], "completed", 2)
    failed = rows["some_failed"]["evidence"]["server"]
    assert failed["providers"] == ["anthropic"]
    errors = {error for one in failed["questions"] for error in one["errors"]}
    assert "invalid_request_error" in errors


@pytest.mark.slow
@pytest.mark.parametrize("provider", SDK_PROGRAMS)
def test_programs_with_other_sdks_are_judged(
    provider: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """They find the server by the variables of their SDK."""
    program = tmp_path / "run.py"
    program.write_text(SDK_PROGRAMS[provider])
    names = ("some_failed", "download_truncated_silent", "file_not_visible_yet")
    rows = survey(capfd, program, *names)
    assert {name: row["verdict"] for name, row in rows.items()} == {
        "some_failed": "never noticed",
        "download_truncated_silent": "lost results",
        "file_not_visible_yet": "reported",
    }
    assert rows["some_failed"]["evidence"]["server"]["providers"] == [provider]


def test_errors_of_a_batch_are_read_in_the_words_of_azure(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """A program that prints only Azure's message has told of its failed batch."""
    program = tmp_path / "run.py"
    told = "if batch.errors:\n    sys.exit(print(batch.errors.data[0].message))\nfor line in client"
    program.write_text(SDK_PROGRAMS["azure"].replace("for line in client", told))
    [row] = survey(capfd, program, "enqueued_limit").values()
    assert row["verdict"] == "handled"
    message = row["evidence"]["server"]["batch_errors"][1]
    assert message.startswith("The number of enqueued tokens has surpassed the configured limit")


@pytest.mark.parametrize(
    ("provider", "refused"),
    [
        (
            "anthropic",
            ["validation_failed", "enqueued_limit", "finalizing_long", "file_not_visible_yet"],
        ),
        ("azure", ["expired_partial", "expired_empty"]),
        ("groq", []),
        ("openai", []),
    ],
)
def test_misfortunes_that_a_provider_does_not_have(provider: str, refused: list[str]) -> None:
    """They are not met, with the reason."""
    assert [name for name in DEFAULT if misfortune(name).find_refusal(provider)] == refused
