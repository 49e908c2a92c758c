"""Providers other than OpenAI in the gateway's role; tests/gateway compares with the real one."""

from typing import Any

import pytest

from mockbatch.providers.azure.files import PENDING_SECONDS
from mockbatch.typing import Json
from tests.support.caller import DAY, Caller, app_of, form, lines

BODY = {"input_file_id": "file-1", "endpoint": "/v1/chat/completions", "completion_window": "24h"}


class Client(Caller):
    """A client of the gateway, for one provider."""

    def __init__(self, app: Any, provider: str, **headers: str) -> None:
        super().__init__(app)
        more = {name.replace("_", "-"): value for name, value in headers.items()}
        self._headers = {"x-portkey-provider": provider, **more}

    def call(self, method: str, path: str, **options: Any) -> Any:
        """Send a request."""
        headers = {} if path.startswith("/_mock") else self._headers
        return super().call(
            method, path, headers={**headers, **options.pop("headers", {})}, **options
        )


@pytest.mark.parametrize("provider", ["anthropic", "groq", "x-ai", "nebius"])
def test_batches_are_not_supported(provider: str) -> None:
    """Neither to create nor to cancel; an upload goes wrong without a reason."""
    client = Client(app_of(), provider)
    for path, name in (("", "createBatch"), ("/batch_1/cancel", "cancelBatch")):
        answer = client.post(f"/v1/batches{path}", BODY)
        message = f"{name} is not supported by {provider}"
        assert (answer.status_code, answer.json) == (500, {"status": "failure", "message": message})
        assert answer.headers["x-portkey-gateway-exception"] == "true"
    upload = client.call("POST", "/v1/files", **form(('name="purpose"', b"batch")))
    assert (upload.status_code, upload.json["message"]) == (500, "Something went wrong")


@pytest.mark.parametrize("path", ["/v1/batches/batch_1", "/v1/batches", "/v1/files/a/content"])
def test_reads_go_to_the_base_url(path: str) -> None:
    """Where there is nothing; the response has the gateway's headers."""
    answer = Client(app_of(), "groq").get(path)
    assert answer.status_code == 404
    assert answer.json["error"]["message"] == "Invalid URL (GET /v1)"
    assert answer.headers["x-portkey-provider"] == "groq"


def azure_life(client: Client) -> dict[str, Json]:
    """Live the life of a batch of Azure, and return it as it is at its end."""
    head = 'name="file"; filename="in.jsonl"\r\nContent-Type: application/json'
    parts = (('name="purpose"', b"batch"), (head, lines()))
    file = client.good(client.call("POST", "/v1/files", **form(*parts)))
    assert file["status"] == "pending"
    client.advance(PENDING_SECONDS)
    batch = client.good(client.post("/v1/batches", {**BODY, "input_file_id": file["id"]}))
    client.advance(DAY)
    return client.good(client.get(f"/v1/batches/{batch['id']}"))


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"x_portkey_azure_api_version": "2024-10-21"},
        {"x_portkey_azure_api_version": "v1"},
        {"x_portkey_custom_host": "http://127.0.0.1:1/openai/v1"},
    ],
)
def test_azure_is_passed_on(headers: dict[str, str]) -> None:
    """To both of its surfaces, as it is."""
    client = Client(app_of(), "azure-openai", **headers)
    batch = azure_life(client)
    assert (batch["status"], batch["error_file_id"] is None) == ("completed", False)
    output = client.get(f"/v1/batches/{batch['id']}/output")
    assert output.data == client.get(f"/v1/files/{batch['output_file_id']}/content").data
    assert output.data.count(b"\n") == 2


def test_output_of_azure_that_is_not_there() -> None:
    """A text, whose status is 400."""
    client = Client(app_of(), "azure-openai")
    azure_life(client)
    batch = client.good(client.post("/v1/batches", BODY))
    answer = client.get(f"/v1/batches/{batch['id']}/output")
    assert (answer.status_code, answer.mimetype) == (400, "text/plain")
    assert answer.text.startswith('{"error":"invalid response output format","provider_response":{')


def test_errors_of_azure() -> None:
    """With its name before the message, but for those of a file, where the gateway has lost it."""
    client = Client(app_of(), "azure-openai")
    batch = client.get("/v1/batches/batch_1").json
    assert batch["error"]["message"].startswith("azure-openai error: ")
    assert (batch["error"]["type"], batch["provider"]) == (None, "azure-openai")
    file = client.get("/v1/files/file-1").json
    assert file["error"]["message"].startswith("[object Headers] error: ")
    assert file["provider"] == {}


FOUNDRY = {
    "x_portkey_azure_foundry_url": "https://a.services.ai.azure.com/deployments/b",
    "x_portkey_azure_api_version": "2024-10-21",
}


def test_azure_ai_is_azure_behind_a_foundry_url() -> None:
    """Its objects and errors name the provider; `/output` reaches Azure, which does not have it."""
    app = app_of()
    id = azure_life(Client(app, "azure-openai"))["id"]
    client = Client(app, "azure-ai", **FOUNDRY)
    batch = client.good(client.get(f"/v1/batches/{id}"))
    assert (batch["status"], batch["provider"]) == ("completed", "azure-ai")
    assert client.good(client.get("/v1/batches?limit=1"))["provider"] == "azure-ai"
    missing = client.get("/v1/files/file-1").json
    assert missing["error"]["message"].startswith("azure-ai error: ")
    output = client.get(f"/v1/batches/{id}/output")
    assert (output.status_code, output.json["error"]["message"]) == (404, "Resource not found")


def test_uploads_of_azure_ai_arrive_nowhere() -> None:
    """The gateway has no path for them."""
    upload = Client(app_of(), "azure-ai", **FOUNDRY).call(
        "POST", "/v1/files", **form(('name="purpose"', b"batch"))
    )
    assert upload.status_code == 404


@pytest.mark.parametrize("url", [{}, {"x_portkey_azure_foundry_url": "services.ai.azure.com"}])
def test_azure_ai_needs_a_foundry_url(url: dict[str, str]) -> None:
    """The gateway fails without one."""
    answer = Client(app_of(), "azure-ai", **url).get("/v1/batches")
    assert (answer.status_code, answer.json["message"]) == (500, "Something went wrong")


@pytest.mark.parametrize("provider", ["fireworks-ai", "kluster-ai"])
def test_providers_with_files_but_without_batches(provider: str) -> None:
    """Neither creates nor cancels a batch; mockbatch says why it refuses an upload."""
    client = Client(app_of(), provider)
    created = client.post("/v1/batches", BODY)
    message = f"createBatch is not supported by {provider}"
    assert (created.status_code, created.json["message"]) == (500, message)
    upload = client.call("POST", "/v1/files", **form(('name="purpose"', b"batch")))
    assert upload.status_code == 501
    assert provider.removesuffix("-ai") in upload.json["message"].lower()


def test_fireworks_is_called_at_the_account() -> None:
    """That is the base URL, to which the gateway sends the requests it has no path for."""
    client = Client(app_of(), "fireworks-ai", x_portkey_fireworks_account_id="me")
    message = client.get("/v1/batches/batch_1").json["error"]["message"]
    assert message == "Invalid URL (GET /v1/accounts/me)"


def test_empty_cancel_of_anthropic_is_broken() -> None:
    """Its SDK sends no body and calls it JSON, which the gateway cannot read."""
    answer = Client(app_of(), "anthropic").call(
        "POST", "/v1/messages/batches/msgbatch_1/cancel", content_type="application/json"
    )
    message = "Proxy error: Unexpected end of JSON input"
    assert (answer.status_code, answer.json["message"]) == (500, message)
