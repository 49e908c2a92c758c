"""Which provider a request belongs to, and what OpenAI calls its path."""

import pytest

from mockbatch.endpoints.provider_registry import environment_variables, openai_path


@pytest.mark.parametrize(
    ("path", "openai"),
    [
        ("/v1/batches/batch_a", "/v1/batches/batch_a"),
        ("/v1/messages", "/v1/chat/completions"),
        ("/v1/messages/batches", "/v1/batches"),
        ("/v1/messages/batches?limit=2", "/v1/batches?limit=2"),
        ("/v1/messages/batches/a/cancel", "/v1/batches/a/cancel"),
        ("/v1/messages/batches/a/results", "/v1/files/a/content"),
        ("/v1/messagesx", "/v1/messagesx"),
        ("/openai/batches/a?api-version=1", "/v1/batches/a?api-version=1"),
        ("/openai/v1/files/a/content", "/v1/files/a/content"),
        ("/groq/openai/v1/batches", "/v1/batches"),
        ("/elsewhere", "/elsewhere"),
    ],
)
def test_paths_have_a_name_in_openais_api(path: str, openai: str) -> None:
    """So that the same requests of all providers are recognized, with their query."""
    assert openai_path(path) == openai


def test_variables_point_the_sdks_to_a_server() -> None:
    """What would compete with a key is removed."""
    assert environment_variables("http://127.0.0.1:1", "k") == {
        "ANTHROPIC_BASE_URL": "http://127.0.0.1:1",
        "ANTHROPIC_API_KEY": "k",
        "ANTHROPIC_AUTH_TOKEN": None,
        "AZURE_OPENAI_ENDPOINT": "http://127.0.0.1:1",
        "AZURE_OPENAI_API_KEY": "k",
        "AZURE_OPENAI_AD_TOKEN": None,
        "GROQ_BASE_URL": "http://127.0.0.1:1",
        "GROQ_API_KEY": "k",
    }
