"""The proxies whose word counts: on who asks, by which URL, and with which client certificate."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import ip_address, ip_network

from cim_adapter.settings import Settings, SettingsError


class TrustedProxies:
    """The setting ``trusted_proxies``. Raises SettingsError for what is no address or network."""

    def __init__(self, settings: Settings) -> None:
        try:
            self._networks = tuple(ip_network(text, strict=False) for text in settings.trusted_proxies)
        except ValueError as error:
            raise SettingsError(f"trusted_proxies: {error}") from error
        self.certificate_header = settings.client_certificate_header.lower()

    def trusts(self, peer: str | None) -> bool:
        """Whether the headers that ``peer`` adds count."""
        if not self._networks or peer is None:
            return False
        try:
            address = ip_address(peer)
        except ValueError:  # a UNIX socket has no address
            return False
        return any(address in network for network in self._networks)

    def behind(self, forwarded: Iterable[str]) -> str | None:
        """Who asked the proxy: the last address of X-Forwarded-For that is no proxy of ours. What stands before
        it the caller may have made up.
        """
        for address in reversed(",".join(forwarded).split(",")):
            if address.strip() and not self.trusts(address.strip()):
                return address.strip()[:64]
        return None
