"""The connection to one world: its address, and calls of the control API until it is closed."""

import json
from urllib.parse import quote, urlsplit

from mockbatch.client.results import ControlError
from mockbatch.client.transport import Transport
from mockbatch.client.webhook_receiver import current_delivery
from mockbatch.typing import Json
from mockbatch.webhooks.signature import DELIVERY_HEADER

__tracebackhide__ = True


class WorldConnection:
    """The address of a world for clients, and a transport to its control API.

    `base_url` and `api_key` are for any client. Once it is `closed`, the world is gone and
    every call is rejected; the message names the `owner`, such as the test it was made for.
    """

    def __init__(self, url: str, api_key: str, transport: Transport, owner: str = "") -> None:
        self.base_url = f"{url}/v1"
        self.api_key = api_key
        self.owner = owner
        self.closed = False
        self._transport = transport

    def __repr__(self) -> str:
        owner = f" of {self.owner}" if self.owner else ""
        return f"<{type(self).__name__} at {self.base_url}{owner}{', closed' * self.closed}>"

    @property
    def url(self) -> str:
        """The address of the server, for clients that add the path of their API themselves."""
        return self.base_url.removesuffix("/v1")

    @property
    def dashboard_url(self) -> str:
        """The address of the dashboard of this world, for a browser."""
        if urlsplit(self.base_url).port is None:
            raise RuntimeError(
                "dashboard_url needs a server on a socket: use the `mockbatch` fixture"
            )
        return f"{self.url}/_mock/#key={quote(self.api_key, safe='')}"

    def call(self, method: str, path: str, body: Json = None) -> Json:
        """Call the control API; ControlError for an error response."""
        self.check_open()
        headers = {
            "Authorization": f"Bearer {self.api_key}",
            "Content-Type": "application/json",
            "Host": urlsplit(self.base_url).netloc,
        }
        delivery = current_delivery.get()
        if delivery is not None:  # so that the server knows that a webhook receiver is calling
            headers[DELIVERY_HEADER] = delivery
        data = b"" if body is None else json.dumps(body).encode()
        status, content = self._transport(method, path, headers, data)
        response = json.loads(content)
        if status >= 400:
            raise ControlError(status, response["error"])
        return response

    def refusal(self) -> dict[str, Json] | None:
        """Return the error that every call gets once the world is gone, None before.

        Another test may have a world under the same key then: it must not be touched.
        """
        if not self.closed:
            return None
        reason = f"it belonged to {self.owner}, which is over" if self.owner else "it is closed"
        return {"message": f"This world is gone: {reason}.", "code": "no_world", "param": None}

    def check_open(self) -> None:
        """Raise ControlError 401 if the world is gone."""
        error = self.refusal()
        if error is not None:
            raise ControlError(401, error)
