"""Where a webhook may go."""

import socket
from typing import Any

import pytest

from mockbatch.errors import ApiError
from mockbatch.webhooks import target

PUBLIC = "93.184.216.34"


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """Return the addresses of host names, for the test to fill; other names cannot be resolved."""
    known: dict[str, list[str]] = {}

    # With any arguments, as a thread of another test may call it.
    def find(host: str, port: int, *_: Any, **__: Any) -> list[Any]:
        if host not in known:
            raise socket.gaierror(-2, "Name or service not known")
        return [(0, 0, 0, "", (one, port)) for one in known[host]]

    monkeypatch.setattr(socket, "getaddrinfo", find)
    return known


@pytest.mark.parametrize(
    ("url", "host", "port", "path"),
    [
        ("http://127.0.0.1:9/hook?a=b#c", "127.0.0.1", 9, "/hook?a=b"),
        ("http://127.8.8.8", "127.8.8.8", 80, "/"),
        ("https://[::1]:443/x", "::1", 443, "/x"),
        ("HTTP://127.0.0.1/", "127.0.0.1", 80, "/"),
    ],
)
def test_this_machine_is_allowed(url: str, host: str, port: int, path: str) -> None:
    """Loopback addresses of both families, over http and https."""
    find = target.resolve_target(url, ())
    assert (find.host, find.port, find.path, find.addresses) == (host, port, path, (host,))


@pytest.mark.parametrize(("scheme", "port"), [("http", 80), ("https", 443)])
def test_a_scheme_has_its_own_port(scheme: str, port: int) -> None:
    """It counts where the URL names none."""
    assert target.resolve_target(f"{scheme}://127.0.0.1/", ()).port == port


@pytest.mark.parametrize(
    "url",
    [
        f"http://{PUBLIC}/",
        "http://10.0.0.1/",
        "http://169.254.169.254/latest/meta-data",
        "http://0.0.0.0/",
        "http://[::ffff:10.0.0.1]/",
        "http://[fe80::1]/",
        "http://192.168.0.1:22/",
    ],
)
def test_other_addresses_are_not_allowed(url: str) -> None:
    """A webhook cannot reach the network behind the mock."""
    with pytest.raises(ApiError) as refused:
        target.resolve_target(url, ())
    error = refused.value
    assert (error.status, error.code, error.param) == (400, "host_not_allowed", "url")
    assert "--webhook-allow-host" in error.message


@pytest.mark.parametrize(
    "url",
    [
        "",
        "hook",
        "ftp://127.0.0.1/",
        "file:///etc/passwd",
        "http://",
        "http:///hook",
        "http://user:pass@127.0.0.1/",
        "http://user@127.0.0.1/",
        "http://127.0.0.1:0/",
        "http://127.0.0.1:99999/",
        "http://127.0.0.1:port/",
        "http://127.0.0.1/a b",
        "http://127.0.0.1/\r\nHost: x",
        "http://127.0.0.1/\u00e4",
        "http://[::1/",
        "http://nowhere.invalid/",
    ],
)
def test_an_unusable_url_is_refused(url: str, names: dict[str, list[str]]) -> None:
    """With a 400 that names the parameter."""
    names["127.0.0.1"] = ["127.0.0.1"]
    with pytest.raises(ApiError) as refused:
        target.resolve_target(url, ())
    assert (refused.value.status, refused.value.param) == (400, "url")


def test_a_name_is_checked_by_its_address(names: dict[str, list[str]]) -> None:
    """A name that resolves to this machine is allowed, whatever it looks like."""
    names["near.example"] = ["127.0.0.1"]
    names["localhost.example"] = [PUBLIC]
    assert target.resolve_target("http://near.example/", ()).addresses == ("127.0.0.1",)
    with pytest.raises(ApiError, match=PUBLIC):
        target.resolve_target("http://localhost.example/", ())


def test_of_several_addresses_only_those_of_this_machine_are_used(
    names: dict[str, list[str]],
) -> None:
    """The others are left out."""
    names["both.example"] = [PUBLIC, "::1", "127.0.0.1"]
    assert target.resolve_target("http://both.example/", ()).addresses == ("::1", "127.0.0.1")


def test_an_address_is_called_once_and_without_its_zone(names: dict[str, list[str]]) -> None:
    """As it is written among the allowed ones."""
    names["near.example"] = ["fe80::1%eth0", "fe80::1%eth1", "::1"]
    found = target.resolve_target("http://near.example/", {"fe80::1"})
    assert found.addresses == ("fe80::1", "::1")


@pytest.mark.parametrize("allowed", ["far.example", PUBLIC])
def test_an_allowed_host_can_be_called(names: dict[str, list[str]], allowed: str) -> None:
    """By its name or by its address."""
    names["far.example"] = [PUBLIC]
    assert target.resolve_target("http://FAR.example/", {allowed}).addresses == (PUBLIC,)
    with pytest.raises(ApiError):
        target.resolve_target("http://10.0.0.1/", {allowed})


@pytest.mark.parametrize(
    ("given", "meant"),
    [("Far.Example", "far.example"), ("a_b-c", "a_b-c"), ("FD00:0::1", "fd00::1")],
)
def test_a_host_has_a_normal_form(given: str, meant: str) -> None:
    """As in URLs, or as name servers write it."""
    assert target.parse_host(given) == meant
