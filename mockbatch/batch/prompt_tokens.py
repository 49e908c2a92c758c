"""Counts the prompt tokens of an input file, which count towards an organization's quota."""

from mockbatch.batch import fast_path
from mockbatch.batch.input_file import BatchInput
from mockbatch.endpoints.endpoint import Endpoint, Execution
from mockbatch.ids import Seed

_EXECUTION = Execution(Seed.of("tokens"), 0)


def count_prompt_tokens(endpoint: Endpoint, batch_input: BatchInput) -> int:
    """Return the prompt tokens of all requests that do not fail."""
    return sum(count_in_line(endpoint, batch_input, line) for line in range(batch_input.total))


def count_in_line(endpoint: Endpoint, batch_input: BatchInput, line: int) -> int:
    """Return the prompt tokens of a request; one that the endpoint rejects has none."""
    if line in batch_input.failing_lines:
        return 0
    if endpoint.path == fast_path.PATH:
        simple = fast_path.parse_simple_line(batch_input.read_line(line))
        if simple is not None:
            return fast_path.measure_prompt(simple.messages)[1]
    body = batch_input.read_request(line)["body"]
    return endpoint.read_usage(endpoint.make_response(body, _EXECUTION)).input
