"""Headless Chromium with the network cut, spoken to over the DevTools protocol by a pipe: no driver, no port."""

from __future__ import annotations

import base64
import json
import os
import shutil
import struct
import subprocess
import sys
import time
import zlib
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from select import select
from typing import Any

import pytest

FLAGS = (
    *(
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-dev-shm-usage",
    ),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-extensions"),
    # Nothing but this machine is there: other names are not found, other addresses go to a proxy that is none.
    *("--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1", "--proxy-server=http://127.0.0.1:9"),
    *("--window-size=1000,800", "--hide-scrollbars", "--remote-debugging-pipe"),
)

#: Chromium reads commands from descriptor 3 and writes answers to 4; ours have numbers as they come.
_AS_3_AND_4 = """
import os, sys
for own, kept in zip(sys.argv[1:3], (100, 101)): os.dup2(int(own), kept)
for kept, wanted in ((100, 3), (101, 4)): os.dup2(kept, wanted); os.close(kept)
os.execv(sys.argv[3], sys.argv[3:])
"""


@contextmanager
def browsing(profile: Path) -> Iterator[Page]:
    """A page of a new browser with an empty profile. Skips the test where there is no Chromium, and fails it
    where services must be there.
    """
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if found is None:
        reason = "no Chromium is installed: apt-get install chromium"
        pytest.fail(reason) if os.environ.get("CIM_TEST_FORCE_SERVICES") else pytest.skip(reason)
    to_read, to_write = os.pipe()
    from_read, from_write = os.pipe()
    command = [sys.executable, "-c", _AS_3_AND_4, str(to_read), str(from_write), found]
    with (profile.parent / "chromium.log").open("wb") as log:
        process = subprocess.Popen(
            [*command, *FLAGS, f"--user-data-dir={profile}", "about:blank"],
            pass_fds=(to_read, from_write),
            stdout=log,
            stderr=log,
        )
    os.close(to_read)
    os.close(from_write)
    try:
        yield Page(to_write, from_read)
    finally:
        os.close(to_write)  # it goes when its pipe is closed
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(10)
        os.close(from_read)


class Page:
    """One page. ``requests`` are the URLs it asked for, ``complaints`` what its console says is wrong."""

    def __init__(self, to_browser: int, from_browser: int, patience: float = 60) -> None:
        self._to, self._from, self._patience = to_browser, from_browser, patience
        self._last, self._rest, self._session = 0, b"", ""
        self.requests: list[str] = []
        self.complaints: list[str] = []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Network", "Runtime", "Log"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """What a command of the protocol answers."""
        self._last += 1
        message = {"id": self._last, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._to, json.dumps(message).encode() + b"\0")
        while True:
            told = self._next()
            if told.get("id") == self._last:
                assert "error" not in told, told
                return told["result"]
            self._note(told)

    def run(self, script: str) -> Any:
        """The value of a JavaScript expression."""
        told = self.call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in told, told
        return told["result"].get("value")

    def until(self, script: str) -> Any:
        """The value of an expression as soon as it is true of the page."""
        deadline = time.monotonic() + self._patience
        # The page looks at each frame it draws: nobody sleeps here.
        look = f"new Promise(done => {{ const look = () => {{ const found = ({script}); if (found) done(found);"
        look += " else setTimeout(look, 20); }; look(); setTimeout(() => done(null), 5000); })"
        while not (found := self.run(look)):
            assert time.monotonic() < deadline, (script, self.complaints, self.run("document.body.innerText"))
        return found

    def click(self, selector: str) -> None:
        """Click the first element of a selector, as soon as it is there."""
        self.until(f"document.querySelector({json.dumps(selector)}) !== null")
        self.run(f"document.querySelector({json.dumps(selector)}).click()")

    def type(self, selector: str, text: str) -> None:
        """Type into a field."""
        self.until(f"document.querySelector({json.dumps(selector)}) !== null")
        self.run(f"document.querySelector({json.dumps(selector)}).focus()")
        self.call("Input.insertText", text=text)

    def screenshot(self, path: Path) -> Counter[tuple[int, int, int]]:
        """How many pixels of each colour the window shows; the picture is at ``path``."""
        picture = base64.b64decode(self.call("Page.captureScreenshot", format="png")["data"])
        path.write_bytes(picture)
        return _colours(picture)

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self._rest:
            ready, _, _ = select([self._from], [], [], self._patience)
            assert ready, "the browser says nothing"
            chunk = os.read(self._from, 1 << 20)
            assert chunk, "the browser went away"
            self._rest += chunk
        message, _, self._rest = self._rest.partition(b"\0")
        return json.loads(message)

    def _note(self, told: dict[str, Any]) -> None:
        match told.get("method"):
            case "Network.requestWillBeSent":
                self.requests.append(told["params"]["request"]["url"])
            case "Runtime.exceptionThrown":
                self.complaints.append(str(told["params"]["exceptionDetails"]))
            case "Log.entryAdded" if told["params"]["entry"]["level"] == "error":
                self.complaints.append(str(told["params"]["entry"]))


def _colours(picture: bytes) -> Counter[tuple[int, int, int]]:
    """The pixels of a PNG of 8 bits a channel (RFC 2083), counted by colour."""
    width, height, _, kind = struct.unpack(">IIBB", picture[16:26])
    channels = {2: 3, 6: 4}[kind]
    data, place = b"", 8
    while place < len(picture):
        (length,) = struct.unpack(">I", picture[place : place + 4])
        if picture[place + 4 : place + 8] == b"IDAT":
            data += picture[place + 8 : place + 8 + length]
        place += length + 12
    raw, size = zlib.decompress(data), width * channels
    above, found = bytearray(size), Counter[tuple[int, int, int]]()
    for row in range(height):
        start = row * (size + 1)
        line = _unfiltered(raw[start], bytearray(raw[start + 1 : start + 1 + size]), above, channels)
        found.update(zip(line[0::channels], line[1::channels], line[2::channels], strict=True))
        above = line
    return found


def _unfiltered(kind: int, line: bytearray, above: bytearray, channels: int) -> bytearray:
    for n in range(len(line)) if kind else ():
        left = line[n - channels] if n >= channels else 0
        up = above[n]
        corner = above[n - channels] if n >= channels else 0
        match kind:
            case 1:
                guess = left
            case 2:
                guess = up
            case 3:
                guess = (left + up) // 2
            case _:
                guess = min((left, up, corner), key=lambda value: abs(left + up - corner - value))
        line[n] = (line[n] + guess) & 255
    return line
