"""The prompt tokens of an input file, which count towards a quota."""

from typing import TYPE_CHECKING

import pytest

from mockbatch.batch import fast_path
from mockbatch.batch.output_file import write_output
from mockbatch.batch.prompt_tokens import count_prompt_tokens
from mockbatch.endpoints import endpoints

if TYPE_CHECKING:
    from tests.conftest import Make


@pytest.mark.parametrize("is_simple", [True, False])
def test_all_messages_of_all_lines_count(
    make: "Make", monkeypatch: pytest.MonkeyPatch, *, is_simple: bool
) -> None:
    """As many tokens count towards a quota as the batch is billed for, on both ways."""
    lines = make.lines(2)
    lines[0]["body"]["messages"].insert(0, {"role": "system", "content": "Answer in one word."})
    lines[1]["body"]["messages"].append({"role": "assistant", "content": "Hi."})
    batch = make.started(make.world(), lines)
    if not is_simple:
        monkeypatch.setattr(fast_path, "parse_simple_line", lambda _: None)
    counted = count_prompt_tokens(endpoints()[batch.endpoint], batch.input)
    assert counted == write_output(batch).tokens.input > 2 * 9
