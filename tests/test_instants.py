from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from cim_adapter.instants import as_text, instant, now

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
DAY = 86_400_000_000
END = 253_402_300_800_000_000  # the first instant of the year 10000
offsets = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
moments = st.datetimes(timezones=offsets)
XS_DATETIME = etree.XMLSchema(
    etree.XML(
        '<s:schema xmlns:s="http://www.w3.org/2001/XMLSchema"><s:element name="t" type="s:dateTime"/></s:schema>'
    )
)


def microseconds(moment):
    return (moment - EPOCH) // timedelta(microseconds=1)


@given(moments)
def test_an_instant_is_what_datetime_says(moment):
    assert instant(moment.isoformat()) == microseconds(moment)


@given(st.datetimes())
def test_without_an_offset_it_is_utc(moment):
    assert (
        instant(moment.isoformat())
        == instant(f"{moment.isoformat()}Z")
        == microseconds(moment.replace(tzinfo=UTC))
    )


@given(moments, moments)
def test_instants_order_as_moments_do(one, other):
    assert (instant(one.isoformat()) < instant(other.isoformat())) == (one < other)


@given(st.datetimes(max_value=datetime(9999, 12, 30)), offsets)  # noqa: DTZ001 - naive bounds are asked for
def test_24_00_00_is_the_next_midnight(day, zone):
    text = f"{day:%Y-%m-%d}".rjust(10, "0")
    offset = datetime(2000, 1, 1, tzinfo=zone).isoformat()[19:]
    assert instant(f"{text}T24:00:00{offset}") == instant(f"{text}T00:00:00{offset}") + DAY
    assert instant(f"{text}T24:00:00.000{offset}") == instant(f"{text}T24:00:00{offset}")


@given(moments.map(lambda moment: moment.replace(microsecond=0)), st.text("0123456789", min_size=1, max_size=12))
def test_fractions_of_any_length(moment, digits):
    whole, offset = moment.isoformat()[:19], moment.isoformat()[19:]
    expected = microseconds(moment) + int(digits.ljust(6, "0")[:6])
    assert instant(f"{whole}.{digits}{offset}") == expected


def test_the_last_midnight_of_9999():
    assert instant("9999-12-31T24:00:00Z") == END


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1970-01-01T00:00:00Z", 0),
        (" \n1970-01-01T00:00:00Z\t", 0),
        ("1970-01-01T01:00:00+01:00", 0),
        ("1969-12-31T23:59:59.999999Z", -1),
        ("1969-12-31T10:00:00-14:00", 0),
        ("2026-03-29T02:30:00+01:00", 1_774_747_800_000_000),
        ("0001-01-01T00:00:00+14:00", -62_135_596_800_000_000 - 14 * 3_600_000_000),
    ],
)
def test_examples(text, expected):
    assert instant(text) == expected


@pytest.mark.parametrize(
    "text", ["10000-01-01T00:00:00Z", "12026-03-01T00:00:00Z", "99999999-12-31T24:00:00+14:00"]
)
def test_years_beyond_9999_are_no_bound(text):
    assert XS_DATETIME.validate(etree.XML(f"<t>{text}</t>"))
    assert instant(text) == END


@pytest.mark.parametrize("text", ["-0001-01-01T00:00:00Z", "-12026-03-01T00:00:00Z"])
def test_years_before_the_first_are_no_bound(text):
    assert XS_DATETIME.validate(etree.XML(f"<t>{text}</t>"))
    assert instant(text) == -END


@pytest.mark.parametrize(
    "text",
    [
        "",
        "yesterday",
        "-",
        "-yesterday",
        "20260301T000000Z",
        "26-03-01T00:00:00Z",
        "1.3.2026T00:00:00Z",
        "2026-02-29T00:00:00Z",
        "2026-13-01T00:00:00Z",
        "2026-03-01T25:00:00Z",
        "2026-03-01T24:00:01Z",
        "2026-03-01T24:00:00.5Z",
        "2026-03-01T00:00:60Z",
    ],
)
def test_what_is_no_xs_datetime_is_refused(text):
    assert not XS_DATETIME.validate(etree.XML(f"<t>{text}</t>"))
    with pytest.raises(ValueError):  # noqa: PT011 - its text is for the log; the XSD speaks to partners
        instant(text)


@given(moments)
def test_as_text_is_the_instant_in_utc(moment):
    moment = moment.replace(microsecond=moment.microsecond // 1000 * 1000)
    if microseconds(moment) in range(-62_135_596_800_000_000, END):
        text = as_text(microseconds(moment))
        assert text.endswith("Z")
        assert XS_DATETIME.validate(etree.XML(f"<t>{text}</t>"))
        assert instant(text) == microseconds(moment)


def test_now_is_now():
    before = datetime.now(UTC)
    assert microseconds(before) <= now() <= microseconds(datetime.now(UTC))
