"""Who is at the other end of a connection that our own TLS front carries on to the HTTP server.

The server sees the front, on a loopback port that is the connection's own. What the front knows of the client
stands under that port, in memory that all server processes share: any of them may be given the connection.
"""

from __future__ import annotations

import mmap
import struct
from ipaddress import IPv6Address, ip_address

import msgspec

from cim_adapter.access import Certified

_RECORD = struct.Struct("<?16sIq")
_SLOT = 32  # bytes, more than a record takes
_PORTS = 65_536


class Peer(msgspec.Struct, frozen=True):
    """A client: its IP address, and what its certificate says."""

    address: str
    certified: Certified


class Peers:
    """The clients by port. To be made before the processes that share it are forked."""

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, _PORTS * _SLOT)

    def enter(self, port: int, peer: Peer) -> None:
        """Before the first byte is carried on from this port."""
        packed = _packed(peer.address)
        record = _RECORD.pack(True, packed, peer.certified.place, peer.certified.until)
        self._memory[port * _SLOT : port * _SLOT + _RECORD.size] = record

    def leave(self, port: int) -> None:
        """While the port is still ours: the next one to have it is somebody else."""
        self._memory[port * _SLOT : port * _SLOT + _RECORD.size] = bytes(_RECORD.size)

    def at(self, port: int) -> Peer | None:
        """The client; None where the port is not that of a connection of ours."""
        there, packed, place, until = _RECORD.unpack_from(self._memory, port * _SLOT)
        return Peer(_address(packed), Certified(place=place, until=until)) if there else None


def _packed(address: str) -> bytes:
    found = ip_address(address.partition("%")[0])
    return found.packed if isinstance(found, IPv6Address) else b"\0" * 10 + b"\xff\xff" + found.packed


def _address(packed: bytes) -> str:
    found = IPv6Address(packed)
    return str(found.ipv4_mapped or found)
