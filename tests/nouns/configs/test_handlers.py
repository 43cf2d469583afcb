"""Master data through the pipeline: what every noun with a profile and no handlers of its own can do."""

import uuid

import pytest
from lxml import etree

from cim_adapter.envelope import MESSAGE_NS
from cim_adapter.store import configs, objects
from cim_adapter.store.objects import Identity

BASE = "http://iec.ch/TC57/2011/"


@pytest.fixture
def query(ask):
    """``query(noun, filter)`` → the reply to a get with this content of the query profile."""

    def send(noun, content="", more=""):
        name = f"Get{noun}"
        return ask("get", noun, request=f'{more}<{name} xmlns="{BASE}{name}#">{content}</{name}>')

    return send


def named(name):
    return f"<Names><name>{name}</name></Names>"


def meter(mrid, more=""):
    return f"<Meter><mRID>{mrid}</mRID>{more}</Meter>"


def said(reply):
    return [(error.code, error.id.value if error.id else None) for error in reply.reply.errors]


def texts(reply, path):
    """The texts at a path of local names below the payload."""
    steps = "/".join(f"*[local-name()='{name}']" for name in path.split("/"))
    elements = reply.payload.elements if reply.payload else ()
    return [found.text for element in elements for found in element.xpath(f"./{steps}")]


def test_what_is_created_is_given_back(ask, query, contract):
    given = meter("m-1", f"<serialNumber>77</serialNumber><type>AMR</type>{named('front door')}")
    assert said(ask("create", "MeterConfig", given)) == [("0.0", None)]
    reply = query("MeterConfig", meter("m-1"))
    assert texts(reply, "Meter/serialNumber") == ["77"]
    assert texts(reply, "Meter/Names/name") == ["front door"]
    contract.check(reply.payload.elements[0])


def test_a_create_of_what_is_there_is_refused_and_names_it(ask):
    ask("create", "MeterConfig", meter("m-1"))
    reply = ask("create", "MeterConfig", meter("m-1") + meter("m-2"))
    assert reply.reply.result == "PARTIAL"
    assert said(reply) == [("2.4", "m-1")]
    assert "change it, or delete it first" in reply.reply.errors[0].reason


def test_the_same_object_twice_in_one_create_is_refused_once(ask, query):
    reply = ask("create", "UsagePointConfig", "<UsagePoint><mRID>u</mRID></UsagePoint>" * 2)
    assert said(reply) == [("2.12", "u")]
    assert texts(query("UsagePointConfig", "<UsagePoint><mRID>u</mRID></UsagePoint>"), "UsagePoint/mRID") == ["u"]


def test_a_change_replaces_what_it_names_and_keeps_the_rest(ask, query, contract):
    ask("create", "MeterConfig", meter("m", "<serialNumber>77</serialNumber><type>old</type>" + named("a")))
    reply = ask("change", "MeterConfig", meter("m", "<isVirtual>false</isVirtual><type>new</type>"))
    assert said(reply) == [("0.0", None)]
    now = query("MeterConfig", meter("m"))
    assert texts(now, "Meter/type") == ["new"]
    assert texts(now, "Meter/serialNumber") == ["77"]
    assert [etree.QName(part).localname for part in now.payload.elements[0][0]] == [
        "mRID",
        "isVirtual",
        "serialNumber",
        "type",
        "Names",
    ]
    contract.check(now.payload.elements[0])


def test_a_change_of_what_is_not_there_is_refused_and_names_it(ask):
    reply = ask("change", "CustomerConfig", "<Customer><mRID>c-9</mRID></Customer>")
    assert reply.reply.result == "FAILED"
    assert said(reply) == [("2.22", "c-9")]


def test_an_event_of_a_change_makes_it_known(ask, query):
    assert ask("changed", "MeterConfig", meter("m", "<type>x</type>")).reply.result == "OK"
    assert texts(query("MeterConfig", meter("m")), "Meter/type") == ["x"]


def test_a_created_event_takes_the_place_of_what_was_known(ask, query):
    ask("create", "MeterConfig", meter("m", "<type>x</type>"))
    assert ask("created", "MeterConfig", meter("m", "<serialNumber>1</serialNumber>")).reply.result == "OK"
    now = query("MeterConfig", meter("m"))
    assert texts(now, "Meter/serialNumber") == ["1"]
    assert texts(now, "Meter/type") == []


@pytest.mark.parametrize("how", ["request", "payload"])
def test_what_is_deleted_is_gone_and_can_be_created_again(ask, query, how):
    ask("create", "MeterConfig", meter("m"))
    if how == "request":
        reply = ask("delete", "MeterConfig", request='<ID objectType="Meter">m</ID>')
    else:
        reply = ask("delete", "MeterConfig", meter("m"))
    assert reply.reply.result == "OK"
    assert said(query("MeterConfig", meter("m"))) == [("2.4", "m")]
    assert ask("create", "MeterConfig", meter("m")).reply.result == "OK"


def test_a_delete_of_what_is_not_there_is_refused_and_names_it(ask):
    ask("create", "MeterConfig", meter("m"))
    reply = ask("delete", "MeterConfig", request="<ID>m</ID><ID kind='name'>nobody</ID>")
    assert reply.reply.result == "PARTIAL"
    assert said(reply) == [("2.4", "nobody")]


def test_what_is_deleted_elsewhere_need_not_be_known(ask):
    assert ask("deleted", "MeterConfig", request="<ID>m</ID>").reply.result == "OK"


def test_a_delete_says_what(ask):
    assert said(ask("delete", "MeterConfig")) == [("1.6", None)]


def test_an_object_without_identity_is_refused_and_the_others_are_stored(ask, query):
    reply = ask("create", "MeterConfig", "<Meter><type>x</type></Meter>" + meter("m"))
    assert reply.reply.result == "PARTIAL"
    assert said(reply) == [("1.7", None)]
    assert texts(query("MeterConfig", meter("m")), "Meter/mRID") == ["m"]


def test_nothing_to_store_is_refused(ask):
    reply = ask("create", "MeterConfig", "")
    assert said(reply) == [("1.7", None)]
    assert "Meter" in reply.reply.errors[0].reason


def with_function(mrid, label, digits):
    function = (
        f"<SimpleEndDeviceFunction>{named(label)}<Registers><leftDigitCount>{digits}</leftDigitCount>"
        '<Channels><ReadingType ref="0.0.0.1.1.1.12.0.0.0.0.0.0.0.0.3.72.0"/></Channels></Registers>'
        "</SimpleEndDeviceFunction>"
    )
    reference = f'<SimpleEndDeviceFunction ref="{label}"/>'
    return f"<Meter><mRID>{mrid}</mRID>{reference}</Meter>{function}"


def test_a_dangling_ref_is_refused_with_its_name(ask):
    reply = ask("create", "MeterConfig", meter("m", '<ComFunction ref="radio 7"/>') + meter("n"))
    assert said(reply) == [("2.29", "m")]
    assert "ComFunction ref='radio 7'" in reply.reply.errors[0].reason
    assert reply.reply.result == "PARTIAL"


def test_definitions_come_back_with_the_meter_that_refers_to_them(ask, query, contract):
    ask("create", "MeterConfig", with_function("m", "metrology", 5))
    ask("create", "MeterConfig", meter("n"))
    reply = query("MeterConfig", meter("m"))
    assert texts(reply, "SimpleEndDeviceFunction/Registers/leftDigitCount") == ["5"]
    assert texts(query("MeterConfig", meter("n")), "SimpleEndDeviceFunction/Names/name") == []
    contract.check(reply.payload.elements[0])


def test_equal_names_of_different_definitions_are_kept_apart(ask, query, contract):
    ask("create", "MeterConfig", with_function("m", "metrology", 5))
    ask("create", "MeterConfig", with_function("n", "metrology", 6))
    ask("create", "MeterConfig", with_function("o", "metrology", 5))
    reply = query("MeterConfig", meter("m") + meter("n") + meter("o"))
    (profile,) = reply.payload.elements
    contract.check(profile)
    ns = {"m": f"{BASE}MeterConfig#"}
    digits = {}
    for mrid in "mno":
        (ref,) = profile.xpath("m:Meter[m:mRID=$id]/m:SimpleEndDeviceFunction/@ref", namespaces=ns, id=mrid)
        path = "m:SimpleEndDeviceFunction[m:Names/m:name=$ref]/m:Registers/m:leftDigitCount/text()"
        digits[mrid] = profile.xpath(path, namespaces=ns, ref=ref)
    assert digits == {"m": ["5"], "n": ["6"], "o": ["5"]}


def test_a_change_brings_its_definitions_and_drops_those_nobody_refers_to(ask, query):
    ask("create", "MeterConfig", with_function("m", "metrology", 5))
    ask("change", "MeterConfig", with_function("m", "new one", 6))
    reply = query("MeterConfig", meter("m"))
    assert texts(reply, "SimpleEndDeviceFunction/Names/name") == ["new one"]


@pytest.fixture
def take_away(exchange):
    """``take_away(noun, payload)`` → the reply to an element operation that deletes what it names."""

    def send(noun, payload):
        operation = "<operationId>1</operationId>"
        operation += f"<noun>{noun}</noun><verb>delete</verb><elementOperation>true</elementOperation>"
        operation += f'<{noun} xmlns="{BASE}{noun}#">{payload}</{noun}>'
        header = f"<Verb>execute</Verb><Noun>OperationSet</Noun><MessageID>{uuid.uuid4()}</MessageID>"
        body = f"<Payload><OperationSet><Operation>{operation}</Operation></OperationSet></Payload>"
        message = f'<RequestMessage xmlns="{MESSAGE_NS}"><Header>{header}</Header>{body}</RequestMessage>'
        return exchange.take(message)

    return send


def test_an_element_operation_takes_away_what_it_names(ask, query, take_away):
    """Facts/envelope.md §5.4: the values that it gives are ignored."""
    ask("create", "MeterConfig", meter("m", "<serialNumber>77</serialNumber><type>AMR</type>"))
    assert take_away("MeterConfig", meter("m", "<serialNumber>any</serialNumber>")).reply.result == "OK"
    now = query("MeterConfig", meter("m"))
    assert (texts(now, "Meter/serialNumber"), texts(now, "Meter/type")) == ([], ["AMR"])


def test_an_element_operation_takes_one_device_out_of_a_group(ask, query, take_away):
    devices = "".join(f"<EndDevices><mRID>{mrid}</mRID></EndDevices>" for mrid in "mno")
    ask("create", "EndDeviceGroups", f"<EndDeviceGroup><mRID>g</mRID>{devices}</EndDeviceGroup>")
    gone = "<EndDeviceGroup><mRID>g</mRID><EndDevices><mRID>n</mRID></EndDevices></EndDeviceGroup>"
    assert take_away("EndDeviceGroups", gone).reply.result == "OK"
    now = query("EndDeviceGroups", "<EndDeviceGroup><mRID>g</mRID></EndDeviceGroup>")
    assert texts(now, "EndDeviceGroup/EndDevices/mRID") == ["m", "o"]
    assert texts(query("EndDeviceGroups", "<EndDevice><mRID>n</mRID></EndDevice>"), "EndDeviceGroup/mRID") == []


def test_an_element_operation_on_what_is_not_there_names_it(take_away):
    reply = take_away("MeterConfig", meter("m", "<type>x</type>"))
    assert said(reply) == [("2.4", "m")]


def test_several_profiles_in_one_payload(ask, query, exchange):
    payload = "".join(f'<MeterConfig xmlns="{BASE}MeterConfig#">{meter(mrid)}</MeterConfig>' for mrid in "mn")
    header = "<Header><Verb>create</Verb><Noun>MeterConfig</Noun></Header>"
    message = f'<RequestMessage xmlns="{MESSAGE_NS}">{header}<Payload>{payload}</Payload></RequestMessage>'
    assert exchange.take(message).reply.result == "OK"
    assert texts(query("MeterConfig"), "Meter/mRID") == ["m", "n"]


def test_versions_are_kept(ask, query):
    ask("create", "MeterConfig", meter("m", "<type>first</type>"))
    between = query("MeterConfig", meter("m")).header.timestamp
    ask("change", "MeterConfig", meter("m", "<type>second</type>"))
    option = f"<Option><name>asOf</name><value>{between}</value></Option>"
    assert texts(query("MeterConfig", meter("m"), option), "Meter/type") == ["first"]
    assert texts(query("MeterConfig", meter("m")), "Meter/type") == ["second"]


def test_an_as_of_that_is_no_time_is_refused(query):
    option = "<Option><name>asOf</name><value>yesterday</value></Option>"
    assert said(query("MeterConfig", meter("m"), option)) == [("1.6", None)]


def test_a_get_without_a_filter_gives_all(ask, query, contract):
    empty = query("MeterConfig")
    assert empty.reply.result == "OK"
    contract.check(empty.payload.elements[0])
    ask("create", "MeterConfig", meter("m") + meter("n"))
    assert texts(query("MeterConfig"), "Meter/mRID") == ["m", "n"]


def test_a_get_by_ids_of_the_request(ask):
    ask("create", "MeterConfig", meter("m", named("front door")) + meter("n"))
    reply = ask("get", "MeterConfig", request='<ID kind="name" objectType="EndDevice">front door</ID>')
    assert texts(reply, "Meter/mRID") == ["m"]


def test_a_get_by_a_payload_of_ids(ask):
    """Facts/metering.md §2.1: UsagePointConfig is asked for with a payload that holds ids."""
    ask("create", "UsagePointConfig", "<UsagePoint><mRID>u</mRID><isVirtual>true</isVirtual></UsagePoint>")
    reply = ask("get", "UsagePointConfig", "<UsagePoint><mRID>u</mRID></UsagePoint>")
    assert texts(reply, "UsagePoint/isVirtual") == ["true"]


def test_what_is_missing_is_named_and_the_rest_is_given(ask, query):
    ask("create", "MeterConfig", meter("m"))
    reply = query("MeterConfig", meter("m") + meter("x"))
    assert reply.reply.result == "PARTIAL"
    assert said(reply) == [("2.4", "x")]
    assert texts(reply, "Meter/mRID") == ["m"]


def test_a_meter_known_only_by_its_readings_has_no_configuration(ask, query, exchange, intervals):
    exchange.create(intervals("m", ("00:15", "1")))
    reply = query("MeterConfig", meter("m"))
    assert said(reply) == [("2.4", "m")]
    assert "no MeterConfig" in reply.reply.errors[0].reason


def test_texts_of_a_filter_narrow(ask, query):
    for mrid, kind in (("d", "display"), ("e", "gateway")):
        ask("create", "EndDeviceConfig", f"<EndDevice><mRID>{mrid}</mRID><type>{kind}</type></EndDevice>")
    asked = query("EndDeviceConfig", "<EndDevice><type>gateway</type></EndDevice>")
    assert texts(asked, "EndDevice/mRID") == ["e"]


def test_alternatives_by_name_and_by_text_are_each_for_themselves(ask, query):
    for mrid, kind in (("a", "x"), ("b", "y"), ("c", "z")):
        ask("create", "MeterConfig", meter(mrid, f"<amrSystem>{kind}</amrSystem>{named('meter ' + mrid)}"))
    by_name, by_text = f"<Meter>{named('meter a')}</Meter>", "<Meter><amrSystem>z</amrSystem></Meter>"
    assert texts(query("MeterConfig", by_name + by_text), "Meter/mRID") == ["a", "c"]
    other = f"<Meter><amrSystem>y</amrSystem>{named('meter a')}</Meter><Meter>{named('meter b')}</Meter>"
    assert texts(query("MeterConfig", other), "Meter/mRID") == ["b"]


def test_another_kind_of_object_must_be_named(query):
    """What it says of itself is not known here; to ignore it would give everything."""
    reply = query("UsagePointConfig", "<ServiceCategory><kind>electricity</kind></ServiceCategory>")
    assert said(reply) == [("1.6", None)]


def test_groups_by_a_device_in_them(ask, query):
    ask(
        "create",
        "EndDeviceGroups",
        "<EndDeviceGroup><mRID>g</mRID><EndDevices><mRID>m</mRID></EndDevices>"
        "<EndDevices><mRID>n</mRID></EndDevices></EndDeviceGroup>"
        "<EndDeviceGroup><mRID>h</mRID><EndDevices><mRID>n</mRID></EndDevices></EndDeviceGroup>",
    )
    of = {mrid: query("EndDeviceGroups", f"<EndDevice><mRID>{mrid}</mRID></EndDevice>") for mrid in "mn"}
    assert texts(of["m"], "EndDeviceGroup/mRID") == ["g"]
    assert texts(of["n"], "EndDeviceGroup/mRID") == ["g", "h"]


def test_groups_by_their_program(ask, query, contract):
    program = f"<DemandResponseProgram>{named('peak')}</DemandResponseProgram>"
    group = '<EndDeviceGroup><mRID>g</mRID><DemandResponsePrograms ref="peak"/></EndDeviceGroup>'
    assert ask("create", "EndDeviceGroups", program + group).reply.result == "OK"
    ask("create", "EndDeviceGroups", "<EndDeviceGroup><mRID>h</mRID></EndDeviceGroup>")
    reply = query("EndDeviceGroups", program)
    assert texts(reply, "EndDeviceGroup/mRID") == ["g"]
    contract.check(reply.payload.elements[0])


def test_meters_of_a_group(ask, query):
    ask("create", "MeterConfig", meter("m") + meter("n"))
    ask(
        "create",
        "EndDeviceGroups",
        "<EndDeviceGroup><mRID>g</mRID><EndDevices><mRID>n</mRID></EndDevices></EndDeviceGroup>",
    )
    reply = query("MeterConfig", "<EndDeviceGroup><mRID>g</mRID></EndDeviceGroup>")
    assert texts(reply, "Meter/mRID") == ["n"]


def test_usage_points_by_the_meter_that_is_linked_with_them(ask, query):
    ask(
        "create",
        "UsagePointConfig",
        "<UsagePoint><mRID>u</mRID></UsagePoint><UsagePoint><mRID>v</mRID></UsagePoint>",
    )
    since = "<ConfigurationEvent><effectiveDateTime>2026-03-01T00:00:00Z</effectiveDateTime></ConfigurationEvent>"
    linked = f"{since}<Meter><mRID>m</mRID></Meter><UsagePoint><mRID>v</mRID></UsagePoint>"
    assert ask("create", "MasterDataLinkageConfig", linked).reply.result == "OK"
    assert texts(query("UsagePointConfig", meter("m")), "UsagePoint/mRID") == ["v"]


def test_the_store_tells_the_devices_of_a_group(ask, adapter):
    ask(
        "create",
        "EndDeviceGroups",
        "<EndDeviceGroup><mRID>g</mRID><EndDevices><mRID>n</mRID></EndDevices></EndDeviceGroup>",
    )

    def members(reader):
        (group,) = objects.find(reader, "EndDeviceGroup", Identity("g"))
        return objects.identities(reader, configs.references(reader, "EndDeviceGroups", group))

    assert list(adapter.store.read_now(members).values()) == [Identity("n")]


def test_nothing_personal_stands_in_clear(ask, adapter):
    said = "<Customer><mRID>c</mRID><specialNeed>life support</specialNeed>" + named("Jane Roe") + "</Customer>"
    assert ask("create", "CustomerConfig", said).reply.result == "OK"

    def everything(reader):
        return [repr(tuple(row)) for table in reader.tables.parents_first for row in reader.select(table.select())]

    rows = "".join(adapter.store.read_now(everything))
    assert "CustomerConfig" in rows
    assert "Jane" not in rows
    assert "life support" not in rows
