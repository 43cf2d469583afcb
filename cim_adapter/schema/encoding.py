"""Which encoding a body is in, and the same body in UTF-8.

WS-I Basic Profile R1012 demands UTF-8 and UTF-16 and nothing else. UTF-16 is transcoded here, so that every
later scan and the parser see one encoding and nothing can hide in another.
"""

from __future__ import annotations

import codecs
import re
from typing import NoReturn

from cim_adapter.errors import Finding, Unreadable

_ADVICE = 'Send UTF-8, and say so: <?xml version="1.0" encoding="UTF-8"?>.'
_ENCODING = re.compile(rb"""[ \t\r\n]encoding[ \t\r\n]*+=[ \t\r\n]*+["']([^"']*+)["']""")
_LONGEST_DECLARATION = 512
_EIGHT_BIT = frozenset({"utf-8", "utf8"})
_ASCII = frozenset({"us-ascii", "ascii"})
_SIXTEEN_BIT = frozenset({"utf-16", "utf16", "utf-16le", "utf-16be"})


def as_utf8(data: bytes) -> bytes:
    """Return ``data`` in UTF-8 without byte order mark; raise ``Unreadable`` for any other encoding or NUL.

    A declaration ``encoding="UTF-16"`` is rewritten; nothing else changes, line numbers included. Whether
    UTF-8 is well-formed is left to the parser, which looks at every character anyway.
    """
    if data.startswith(codecs.BOM_UTF8):
        data = data[3:]
    # Nearly every body begins with a tag in eight bits, and needs no closer look.
    codec = "" if data[:1] == b"<" and data[1:2] != b"\0" else _wide_codec(data[:4])
    if codec:
        data = _transcoded(data, codec)
    at = data.find(b"\0")
    if at >= 0:
        line = data.count(b"\n", 0, at) + 1
        _refuse("a NUL character", "XML text in UTF-8 or UTF-16", "Remove the NUL; no XML may hold one.", line)
    return _with_agreeing(data, wide=bool(codec))


class Transcoder:
    """``as_utf8`` for a body that comes in pieces. Raises ``Unreadable``."""

    def __init__(self) -> None:
        self._beginning: bytes | None = b""
        self._decoder: codecs.IncrementalDecoder | None = None
        self.transparent = False
        """What comes out is what went in, byte for byte, and nothing is held back."""

    def feed(self, data: bytes, *, last: bool = False) -> bytes:
        """The next bytes in UTF-8; none before the declaration is there."""
        if self._beginning is not None:
            self._beginning += data
            if len(self._beginning) <= 2 * _LONGEST_DECLARATION and not last:
                return b""
            data, self._beginning = self._beginning, None
            codec = _wide_codec(data[:4])
            if not codec:
                found = as_utf8(data)
                self.transparent = found == data
                return found
            self._decoder = codecs.getincrementaldecoder(codec)()
            return _with_agreeing(self._decoded(data, last=last).removeprefix(codecs.BOM_UTF8), wide=True)
        return data if self._decoder is None else self._decoded(data, last=last)

    def _decoded(self, data: bytes, *, last: bool) -> bytes:
        try:
            return b"" if self._decoder is None else self._decoder.decode(data, last).encode()
        except UnicodeDecodeError:
            _refuse("bytes that are not UTF-16", "UTF-8 or UTF-16", _ADVICE)


def _wide_codec(head: bytes) -> str:
    """Name the 16-bit codec that the first four bytes show; empty for an 8-bit encoding (XML 1.0, F.1)."""
    zeros = tuple(byte == 0 for byte in head)
    if head in (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE) or zeros in (
        (True, True, True, False),
        (False, True, True, True),
    ):
        _refuse("a UTF-32 body", "UTF-8 or UTF-16", _ADVICE)
    if head.startswith(codecs.BOM_UTF16_LE) or zeros[:2] == (False, True):
        return "utf-16-le"
    if head.startswith(codecs.BOM_UTF16_BE) or zeros[:2] == (True, False):
        return "utf-16-be"
    return ""


def _transcoded(data: bytes, codec: str) -> bytes:
    try:
        text = data.decode(codec)
    except UnicodeDecodeError as error:
        _refuse(f"bytes at offset {error.start:,} that are not UTF-16", "UTF-8 or UTF-16", _ADVICE)
    return text.removeprefix("\ufeff").encode()


def _with_agreeing(data: bytes, *, wide: bool) -> bytes:
    """``data`` with a declaration, where it has one, that tells the truth."""
    if data.startswith(b"<?xml") and data[5:6] in (b" ", b"\t", b"\r", b"\n"):
        return _with_agreeing_declaration(data, wide=wide)
    if data.startswith(b"\x4c\x6f\xa7\x94"):  # "<?xm" in EBCDIC
        _refuse("an EBCDIC body", "UTF-8 or UTF-16", _ADVICE)
    return data


def _with_agreeing_declaration(data: bytes, *, wide: bool) -> bytes:
    end = data.find(b"?>", 0, _LONGEST_DECLARATION)
    if end < 0:
        _refuse(
            f"an XML declaration that does not end within {_LONGEST_DECLARATION} bytes",
            "a short XML declaration",
            _ADVICE,
        )
    match = _ENCODING.search(data, 0, end)
    if not match:
        return data
    declared = match[1].decode(errors="replace")
    name = declared.lower()
    if wide:
        if name not in _SIXTEEN_BIT:
            _refuse(
                f"a UTF-16 body that declares {declared[:40]!r}", "a declaration that tells the truth", _ADVICE
            )
        return data[: match.start(1)] + b"UTF-8" + data[match.end(1) :]
    if name in _EIGHT_BIT or (name in _ASCII and data.isascii()):
        return data
    if name in _SIXTEEN_BIT:
        # Typical of .NET's StringWriter, which declares UTF-16 whatever bytes are written afterwards.
        _refuse(f"8-bit text that declares {declared[:40]!r}", "a declaration that tells the truth", _ADVICE)
    _refuse(f"a body that declares the encoding {declared[:40]!r}", "UTF-8 or UTF-16", _ADVICE)


def _refuse(found: str, expected: str, advice: str, line: int = 1) -> NoReturn:
    finding = Finding(line=line, path="", found=found, expected=expected, advice=advice)
    raise Unreadable(f"The body cannot be read: found {found}; expected {expected}. {advice}", [finding])
