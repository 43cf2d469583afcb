"""By which URL partners reach us: what is written into the address of a served WSDL."""

from __future__ import annotations

import re

from cim_adapter.settings import Settings
from cim_adapter.transports.rsgi import Request


class PublicAddress:
    """``public_url`` if it is set; behind a trusted proxy what X-Forwarded-* say; else Host."""

    def __init__(self, settings: Settings) -> None:
        self._configured = settings.public_url.rstrip("/")
        self._default = f"{settings.host}:{settings.port}"
        self._host = re.compile(r"[\w.\-]+(:\d+)?|\[[0-9a-fA-F:.]+\](:\d+)?", re.ASCII)
        self._prefix = re.compile(r"(/[\w.~\-]+)*", re.ASCII)

    def of(self, request: Request) -> str:
        """Scheme, host and path prefix, without a slash at the end."""
        if self._configured:
            return self._configured
        headers = request.headers
        scheme, host, prefix = request.scheme, request.host, ""
        if request.through_proxy:
            scheme = _first(headers.get("x-forwarded-proto", "")) or scheme
            host = _first(headers.get("x-forwarded-host", "")) or host
            port = _first(headers.get("x-forwarded-port", ""))
            if port.isdigit() and ":" not in host and port != {"http": "80", "https": "443"}.get(scheme):
                host = f"{host}:{port}"
            prefix = _first(headers.get("x-forwarded-prefix", "")).rstrip("/")
        if scheme not in ("http", "https"):
            scheme = request.scheme
        if not self._host.fullmatch(host):
            host = self._default
        return f"{scheme}://{host}{prefix if self._prefix.fullmatch(prefix) else ''}"


def _first(value: str) -> str:
    return value.split(",")[0].strip()
