"""A Compressed payload that inflates to far more than it weighs: stopped after the first megabyte."""

import gzip

import pytest

MEGABYTE = 1024 * 1024


@pytest.fixture
def bomb(messages):
    """A create whose payload is this, compressed."""
    return lambda data: messages.compressed(messages.create(messages.meter()), gzip.compress(data))


def test_a_hundred_megabytes_of_blanks(target, bomb, is_fault):
    body = bomb(b" " * 100 * MEGABYTE)
    assert len(next(body.iter("{*}Compressed")).text) < 140_000  # characters of base64
    answer = target.strike_message(body)
    is_fault(answer, "3.1")
    assert "300 bytes for each compressed one" in answer.said


def test_blanks_around_a_document(target, bomb, is_fault):
    is_fault(target.strike_message(bomb(b"<a>" + b" " * 100 * MEGABYTE + b"</a>")), "3.1")


def test_a_bomb_that_hides_behind_noise(fresh_target, bomb, is_fault):
    """Enough bytes that inflate to little let the ratio pass: the budget of the message stops it then."""
    noise = b"".join(b"%032x" % (n * 0x9E3779B97F4A7C15 % 2**128) for n in range(40_000))
    answer = fresh_target.strike_message(bomb(b"<!--" + noise + b"-->" + b" " * 100 * MEGABYTE), times=1)
    is_fault(answer, "3.1")
    assert "Payload/Compressed holds more than 3" in answer.said  # some 32 MiB


def test_a_bomb_in_a_bomb(target, bomb, is_fault):
    """The outer one inflates to the inner one, which is no XML."""
    is_fault(target.strike_message(bomb(gzip.compress(b" " * 100 * MEGABYTE))), "1.8")


def test_many_elements_inside(fresh_target, bomb, is_fault):
    """What is inside counts towards the same budget as what is around it."""
    is_fault(fresh_target.strike_message(bomb(b"<a>" + b"<b/>" * 250_000 + b"</a>"), times=1), "3.1")


def test_many_attributes_inside(target, bomb, is_fault):
    attributes = b" ".join(b'a%d=""' % n for n in range(3_000))
    is_fault(target.strike_message(bomb(b"<a " + attributes + b"/>")), "3.1")


def test_depth_inside(target, bomb, is_fault):
    is_fault(target.strike_message(bomb(b"<a>" * 10_000 + b"</a>" * 10_000)), "3.1")
