"""What a client of the Batch API has to survive, brought about by mockbatch.

Nothing waits and no key is needed. The fixture `mockbatch` comes with the package: it points
`openai.OpenAI()` at a world of the test's own, and no conftest is needed.
"""

import openai
import pytest
from batch_client import (
    BatchFailedError,
    BatchStuckError,
    Result,
    ResultsMissingError,
    collect,
    on_webhook,
    run,
    submit,
    wait,
)

PROMPTS = {f"ticket-{number}": f"What is ticket {number} about?" for number in range(10)}
ANSWERS = {id: Result(answer=f"Mock reply to: {prompt}") for id, prompt in PROMPTS.items()}

# The client sleeps between two polls. Here that moves the clock of the test's world instead.
pytestmark = pytest.mark.mockbatch(skip_sleep=True)


@pytest.fixture
def client(mockbatch):
    return openai.OpenAI()  # as in production: it reads the environment


def test_results_come_in_the_order_of_the_prompts(client):
    assert list(run(client, PROMPTS).items()) == list(ANSWERS.items())


# --- the batch


def test_what_expired_is_sent_again(mockbatch, client):
    mockbatch.scenario("expired_partial", fraction=0.4)  # the next batch; then all is well
    assert run(client, PROMPTS) == ANSWERS
    second, first = client.batches.list().data
    assert (first.status, first.request_counts.completed) == ("expired", 4)
    assert second.request_counts.total == 6  # no line is paid for twice


def test_what_expires_each_time_is_given_up(mockbatch, client):
    mockbatch.scenario("expired_empty", times=None)  # all batches from now on
    results = run(client, PROMPTS, batches=2)
    assert {result.error for result in results.values()} == {"batch_expired"}
    mockbatch.assert_requested("POST", "/v1/batches", count=2)


def test_a_batch_completes_without_an_output_file(mockbatch, client):
    mockbatch.scenario("all_failed")
    results = run(client, PROMPTS)
    assert {result.error for result in results.values()} == {"context_length_exceeded"}
    [batch] = client.batches.list().data
    assert (batch.status, batch.output_file_id) == ("completed", None)


def test_a_batch_fails_an_hour_after_it_was_accepted(mockbatch, client):
    mockbatch.scenario("validation_failed", code="billing_hard_limit_reached", seconds=3600)
    with pytest.raises(BatchFailedError, match="billing_hard_limit_reached"):
        run(client, PROMPTS)


def test_a_batch_never_ends(mockbatch, client):
    mockbatch.scenario("stuck_in_progress")
    start = mockbatch.clock.now
    with pytest.raises(BatchStuckError):
        run(client, PROMPTS)
    assert 25 <= (mockbatch.clock.now - start) / 3600 < 26  # a day of polling, in no time


def test_a_batch_was_cancelled_by_somebody_else(mockbatch, client):
    mockbatch.scenario("cancelled_partial")
    batch = submit(client, PROMPTS)
    mockbatch.clock.run_until(batch, "in_progress")
    mockbatch.clock.advance(hours=1)
    client.batches.cancel(batch.id)
    results = collect(client, wait(client, batch.id))
    assert {result.error for result in results.values()} == {None, "batch_cancelled"}
    assert not any(result.may_pass for result in results.values())


# --- single lines


@pytest.mark.parametrize("scenario", ["line_429", "line_500", "line_null_response"])
def test_a_line_that_met_a_passing_error_is_sent_again(mockbatch, client, scenario):
    mockbatch.scenario(scenario, fraction=0.2)
    assert run(client, PROMPTS) == ANSWERS
    mockbatch.assert_requested("POST", "/v1/batches", count=2)


def test_a_line_that_was_refused_is_not_sent_again(mockbatch, client):
    mockbatch.scenario("line_404_model", fraction=0.2)
    errors = [result.error for result in run(client, PROMPTS).values()]
    assert errors.count("model_not_found") == 2
    mockbatch.assert_requested("POST", "/v1/batches", count=1)


def test_answers_hold_what_python_takes_for_line_ends(mockbatch, client):
    mockbatch.scenario("unicode_separators")
    assert all("\u2028" in result.answer for result in run(client, PROMPTS).values())


# --- single requests


@pytest.mark.parametrize(("fault", "status"), [("poll_429", 429), ("proxy_html_error", 502)])
def test_a_poll_fails(mockbatch, client, fault, status):
    batch = submit(client, PROMPTS)
    mockbatch.fault(fault)
    assert wait(client, batch.id).status == "completed"
    assert [request.status for request in mockbatch.requests if request.fault] == [status] * 3


@pytest.mark.parametrize("fault", ["download_truncated", "download_truncated_silent"])
def test_a_download_is_cut_short(mockbatch, client, fault):
    mockbatch.fault(fault)
    assert run(client, PROMPTS) == ANSWERS


def test_lines_are_missing_however_often_they_are_downloaded(mockbatch, client):
    mockbatch.scenario("missing_lines")
    with pytest.raises(ResultsMissingError):
        run(client, PROMPTS)


# --- webhooks


def test_a_webhook_tells_the_end(mockbatch, client):
    told = []
    mockbatch.webhook(lambda sent: told.append(on_webhook(client, sent.body, sent.headers)))
    submit(client, PROMPTS)
    mockbatch.clock.advance(hours=24)  # returns when the receiver has answered
    assert told == [ANSWERS]


def test_a_forged_webhook_is_refused(mockbatch, client):
    refused = []

    def receive(sent):
        with pytest.raises(openai.InvalidWebhookSignatureError):
            on_webhook(client, sent.body, sent.headers)
        refused.append(sent)

    mockbatch.scenario("webhook_bad_signature")
    mockbatch.webhook(receive)
    submit(client, PROMPTS)
    mockbatch.clock.advance(hours=24)
    assert refused
