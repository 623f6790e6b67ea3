"""Whether a webhook may be sent somewhere: public addresses only, checked at the moment of connecting."""

from __future__ import annotations

import ipaddress
import socket
from dataclasses import dataclass
from urllib.parse import urlsplit

from service.errors import InvalidInput


@dataclass(frozen=True)
class Target:
    """An address that was checked: connect to `address`, so that a second look-up cannot differ from the first."""

    host: str
    port: int
    address: str
    secure: bool


def check_url(url: str, *, allow_private: bool) -> None:
    """Raise InvalidInput where the URL could never be a target (form only; no look-up)."""
    parts = urlsplit(url)
    if parts.scheme not in ("https", "http") or not parts.hostname or parts.username or parts.password:
        raise InvalidInput("a webhook target is an http(s) URL without credentials", field="url")
    if parts.scheme == "http" and not allow_private:
        raise InvalidInput("a webhook target uses https", field="url")
    if not allow_private:
        try:
            literal = ipaddress.ip_address(parts.hostname)
        except ValueError:
            if parts.hostname == "localhost" or "." not in parts.hostname:
                raise InvalidInput("a webhook target is a public host", field="url") from None
        else:
            _refuse_private(literal)


def resolve(url: str, *, allow_private: bool) -> Target:
    """Look the host up and check every address it has. Raises InvalidInput or OSError."""
    parts = urlsplit(url)
    host, secure = parts.hostname or "", parts.scheme == "https"
    port = parts.port or (443 if secure else 80)
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = [str(entry[4][0]) for entry in found]
    if not allow_private:
        for address in addresses:
            _refuse_private(ipaddress.ip_address(address))
    return Target(host, port, addresses[0], secure)


def _refuse_private(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> None:
    mapped = getattr(address, "ipv4_mapped", None)
    if mapped is not None:
        address = mapped
    if not address.is_global or address.is_multicast:
        raise InvalidInput("a webhook target is a public host", field="url")
