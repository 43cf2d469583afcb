"""A bar for long work on a terminal: how much is done, how fast, and how long it will take."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from typing import TextIO

_AFTER = 1.0  # seconds: shorter work needs no bar
_EVERY = 0.1
_WIDTH = 30


class Progress:
    """Counts bytes, or things called ``unit``; draws on ``out``, if there is one. ``total`` is how many there are,
    0 where that is not known.
    """

    def __init__(
        self, out: TextIO | None, total: int, *, unit: str = "", clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._out = out
        self._total = total
        self._unit = unit
        self._clock = clock
        self._started = self._drawn = clock()
        self._done = 0
        self._width = 0

    def watching(self, pieces: Iterable[bytes], share: float = 1.0) -> Iterator[bytes]:
        """The same bytes, counted; ``share`` is what of a counted byte was stored, where it was packed."""
        for piece in pieces:
            yield piece
            self.add(int(len(piece) * share))

    def add(self, done: int) -> None:
        """So many more are done."""
        self._done += done
        self._draw()

    def clear(self) -> None:
        """Take the bar away, so that something else can be written."""
        if self._out is not None and self._width:
            self._out.write("\r" + " " * self._width + "\r")
            self._out.flush()
            self._width = 0

    def _draw(self) -> None:
        now = self._clock()
        if self._out is None or now - self._started < _AFTER or now - self._drawn < _EVERY:
            return
        self._drawn = now
        line = self._line(now - self._started)
        self._out.write("\r" + line.ljust(self._width))
        self._out.flush()
        self._width = max(self._width, len(line))

    def _line(self, seconds: float) -> str:
        rate = self._done / seconds
        speed = f"{rate:,.0f} {self._unit}/s" if self._unit else f"{rate / 1e6:,.1f} MB/s"
        if not self._total:
            done = f"{self._done:,} {self._unit}" if self._unit else f"{self._done / 1e6:,.0f} MB"
            return f"{done}, {speed}"
        part = min(1.0, self._done / self._total)
        bar = "█" * int(part * _WIDTH)
        left = (self._total - self._done) / rate if rate else 0
        return f"{bar:░<{_WIDTH}} {part:4.0%}, {speed}, {_duration(max(0, left))} left"


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
