"""Certificates of the server: checked before they are used, and changed without downtime.

A new certificate is taken up where its files change, and on SIGHUP. Granian then starts new processes, which
read it, before it lets the old ones finish what they have begun. Files that do not fit together, as while one
of them is written, are left alone until they do.
"""

from __future__ import annotations

import logging
import os
import signal
import ssl
import threading
from pathlib import Path
from typing import Any

from cim_adapter.settings import Settings, SettingsError

_LOOKS = 5.0  # seconds between two looks at the files


class _AsSent(ssl.SSLObject):
    """Keeps the client's certificate in DER. Event loops ask for its fields as well, after the handshake: where a
    name is no text they would break the connection off, and nobody would be told why.
    """

    def getpeercert(self, binary_form: bool = False) -> Any:
        return super().getpeercert(binary_form=True) if binary_form else None


def check(settings: Settings) -> None:
    """Raises SettingsError where the certificate, its key or the CA bundle cannot be used."""
    if settings.tls_cert is not None and settings.tls_key is not None:
        context_of(settings)


def context_of(settings: Settings) -> ssl.SSLContext:
    """For our own front: TLS 1.2 and 1.3, of 1.2 the ciphers that rustls has, and clients with a certificate of
    ``client_ca`` where there is one. Raises SettingsError.
    """
    if settings.tls_cert is None or settings.tls_key is None:
        raise SettingsError("client_ca needs tls_cert and tls_key")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers("ECDHE+AESGCM:ECDHE+CHACHA20")
    context.set_alpn_protocols(["http/1.1"])
    context.sslobject_class = _AsSent
    try:
        context.load_cert_chain(settings.tls_cert, settings.tls_key, password="")
        if settings.client_ca is not None:
            context.load_verify_locations(settings.client_ca)
            context.verify_mode = ssl.CERT_REQUIRED
    except (OSError, ValueError) as error:
        raise SettingsError(f"tls_cert, tls_key or client_ca cannot be used: {error}") from error
    return context


def usable(settings: Settings) -> bool:
    """Whether the files as they are now can be used; else the log says why not."""
    try:
        check(settings)
    except SettingsError as error:
        logging.getLogger("cim_adapter").error("the old certificate stays in use: %s", error)
        return False
    return True


def watch(settings: Settings, looks: float = _LOOKS) -> None:
    """Send this process SIGHUP whenever the files have changed. Runs beside it, for as long as it does."""
    files = [path for path in (settings.tls_cert, settings.tls_key, settings.client_ca) if path is not None]
    if files:
        threading.Thread(target=_watch, args=(files, looks), name="cim-certificates", daemon=True).start()


def _watch(files: list[Path], looks: float) -> None:
    known, pause = _state(files), threading.Event()
    while not pause.wait(looks):
        found = _state(files)
        if found != known:
            known = found
            os.kill(os.getpid(), signal.SIGHUP)


def _state(files: list[Path]) -> list[tuple[int, int] | None]:
    return [_of(path) for path in files]


def _of(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except OSError:  # it is about to be replaced
        return None
    return status.st_mtime_ns, status.st_ino
