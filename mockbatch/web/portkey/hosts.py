"""Which custom hosts Portkey's gateway would call."""

import re
import socket
from ipaddress import ip_address, ip_network
from urllib.parse import unquote

_URL = re.compile(
    r"https?:[/\\]*(?P<name>[^/\\?#:\[\]\s]+)(:(?P<port>[0-9]{0,9}))?([/\\?#].*)?", re.IGNORECASE
)
_NAME = re.compile("[a-z0-9.-]+")
_TRUSTED = ("localhost", "127.0.0.1", "host.docker.internal")
_METADATA = ("metadata", "metadata.google.internal", "metadata.azure.com", "instance-data")
_PRIVATE_SUFFIXES = (
    *(".local", ".localdomain", ".internal", ".intranet", ".lan", ".home", ".corp"),
    *(".test", ".invalid", ".onion"),
)
_PRIVATE_NETWORKS = [
    ip_network(network)
    for network in (
        *("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "127.0.0.0/8", "169.254.0.0/16"),
        *("100.64.0.0/10", "0.0.0.0/8", "224.0.0.0/3"),
    )
]


def is_trusted(url: str) -> bool:
    """Return whether the gateway would call this URL: on loopback, but not on a private network."""
    parts = _URL.fullmatch(url.strip())
    if not parts or "@" in url or "api.portkey" in url.lower():
        return False
    name = unquote(parts["name"]).lower()
    port = int(parts["port"] or 80)
    if not 0 < port <= 65535 or not _NAME.fullmatch(name) or name.endswith("."):
        return False
    if re.fullmatch(r"(.*\.)?([0-9]+|0x[0-9a-f]*)", name):
        try:
            # The same address can be written with fewer, octal or hexadecimal numbers.
            name = socket.inet_ntoa(socket.inet_aton(name))
        except OSError:
            return False
    if name in _TRUSTED or name.endswith(".localhost"):
        return True
    if name in _METADATA or name.endswith(_PRIVATE_SUFFIXES) or name.count(".") > 9:
        return False
    try:
        return not any(ip_address(name) in network for network in _PRIVATE_NETWORKS)
    except ValueError:
        return True
