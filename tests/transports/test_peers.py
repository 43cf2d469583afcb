"""What the TLS front tells the processes behind it."""

from ipaddress import ip_address
from multiprocessing import get_context

from hypothesis import given
from hypothesis import strategies as st

from cim_adapter.access import Certified
from cim_adapter.transports.peers import Peer, Peers

ports = st.integers(1, 65_535)
certified = st.builds(Certified, place=st.integers(0, 2**32 - 1), until=st.integers(-(2**62), 2**62))


@given(port=ports, address=st.ip_addresses(), certified=certified)
def test_what_is_entered_is_there_until_it_leaves(port, address, certified):
    peers = Peers()
    peers.enter(port, Peer(str(address), certified))
    known = peers.at(port)
    assert known is not None
    mapped = getattr(address, "ipv4_mapped", None)
    assert ip_address(known.address) == (mapped or address)
    assert known.certified == certified
    assert peers.at(port - 1) is None
    assert peers.at((port + 1) % 65_536) is None
    peers.leave(port)
    assert peers.at(port) is None


def test_an_address_of_a_link_is_known_without_its_zone():
    peers = Peers()
    peers.enter(1, Peer("fe80::1%eth0", Certified(place=1, until=0)))
    assert peers.at(1).address == "fe80::1"


def test_other_processes_see_it():
    peers, fork = Peers(), get_context("fork")
    child = fork.Process(target=peers.enter, args=(65_535, Peer("192.0.2.7", Certified(place=3, until=9))))
    child.start()
    child.join(30)
    assert peers.at(65_535) == Peer("192.0.2.7", Certified(place=3, until=9))
