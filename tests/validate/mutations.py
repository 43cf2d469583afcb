"""What partners get wrong, each done to one of our examples.

A mutation replaces the first ``good`` by ``bad`` in an example; ``marked`` is what the remark must mark on the line
that it names, ``rule`` the cause, ``proposal`` a part of what must be proposed (empty: nothing can be). Facts:
envelope.md §7, metering.md §9, field.md A1b, wsdl-tools.md.
"""

# ruff: noqa: E501  # one mistake, one line: the table reads best so

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

EXAMPLES = Path(__file__).parents[2] / "examples"

READ, GENERIC, EVENT = "MeterReadings/create.xml", "generic-create.xml", "EndDeviceEvents/created.xml"
CONTROL, QUERY, METER = "EndDeviceControls/create.xml", "MeterReadings/get.xml", "MeterConfig/create.xml"
DAY, USAGE, REPLY = "create-meter-readings.xml", "UsagePointConfig/create.xml", "MeterReadings/reply-created.xml"
DELETE = "MeterConfig/delete.xml"

MR = "http://iec.ch/TC57/2011/MeterReadings#"
MSG = "http://iec.ch/TC57/2011/schema/message"


@dataclass(frozen=True)
class Mutation:
    name: str
    example: str
    good: str
    bad: str
    rule: str
    marked: str
    proposal: str = ""
    above: bool = False
    """What is to be marked stands before the change."""
    also: frozenset[str] = frozenset()
    """Rules of further remarks that the same mistake brings about."""

    @property
    def examples(self) -> Path:
        return EXAMPLES

    def document(self) -> str:
        text = (EXAMPLES / self.example).read_text()
        assert self.good in text, self.good
        return text.replace(self.good, self.bad, 1)

    def line(self) -> int:
        """Where the marked text is, counted in the document as mutated: at or after the first change."""
        text, good = self.document(), (EXAMPLES / self.example).read_text()
        change = next(at for at, (a, b) in enumerate(zip(text + "\0", good + "\1", strict=False)) if a != b)
        start = text.rfind("\n", 0, change) + 1
        at = text.rindex(self.marked, 0, change) if self.above else text.index(self.marked, start)
        return text.count("\n", 0, at) + 1


def value(name: str, example: str, element: str, good: str, bad: str, proposal: str = "", **more) -> Mutation:
    """A value that its type does not take."""
    marked = bad.strip() or f"<{element}"
    rule = more.pop("rule", "value")
    return Mutation(name, example, f"<{element}>{good}<", f"<{element}>{bad}<", rule, marked, proposal, **more)


STAMP = "payload:timeStamp", "2026-03-02T00:00:00Z"
REAL = "    <payload:value>48213.74</payload:value>"

# fmt: off
MUTATIONS = (
    # ---- verbs and nouns of the header (envelope.md §7)
    value("a verb in capitals", READ, "msg:Verb", "create", "CREATE", "write create"),
    value("a verb with a capital", READ, "msg:Verb", "create", "Create", "write create"),
    value("the verb update", METER, "msg:Verb", "create", "update", "write change"),
    value("the verb updated", EVENT, "msg:Verb", "created", "updated", "write changed"),
    value("the verb show", REPLY, "msg:Verb", "created", "show", "write reply"),
    value("the British cancelled", "EndDeviceControls/canceled.xml", "msg:Verb", "canceled", "cancelled", "write canceled"),
    value("a verb with a slip", READ, "msg:Verb", "create", "crete", "write create"),
    value("a verb of subscriptions", READ, "msg:Verb", "create", "subscribe"),
    value("a verb left empty", READ, "msg:Verb", "create", ""),
    value("a template's question mark", READ, "msg:Verb", "create", "?"),
    # ---- order in the envelope
    Mutation("Noun before Verb", READ, "<msg:Verb>create</msg:Verb>\n        <msg:Noun>MeterReadings</msg:Noun>",
             "<msg:Noun>MeterReadings</msg:Noun>\n        <msg:Verb>create</msg:Verb>", "order", "<msg:Noun", "move Noun behind Verb"),
    Mutation("Source before Timestamp", READ, "<msg:Timestamp>2026-03-02T00:20:00Z</msg:Timestamp>\n        <msg:Source>HES</msg:Source>",
             "<msg:Source>HES</msg:Source>\n        <msg:Timestamp>2026-03-02T00:20:00Z</msg:Timestamp>", "order", "<msg:Timestamp", "move Timestamp before Source"),
    Mutation("Source behind MessageID", GENERIC, "        <msg:Source>HES</msg:Source>\n        <msg:MessageID>93becb71-e13d-5fd7-ace3-c99fb4cb1e3b</msg:MessageID>",
             "        <msg:MessageID>93becb71-e13d-5fd7-ace3-c99fb4cb1e3b</msg:MessageID>\n        <msg:Source>HES</msg:Source>", "order", "<msg:Source", "move Source before MessageID"),
    Mutation("Revision behind Source", READ, "<msg:Source>HES</msg:Source>", "<msg:Source>HES</msg:Source>\n        <msg:Revision>1</msg:Revision>", "order", "<msg:Revision", "move Revision before Timestamp"),
    Mutation("Payload without Header", READ, "<typed:Payload>", "<typed:Payload/>\n<typed:Payload>", "twice", "<typed:Payload>", also=frozenset({"missing"})),
    # ---- what no header has, or has too little of
    Mutation("UserID directly in Header", READ, "<msg:Source>HES</msg:Source>", "<msg:Source>HES</msg:Source>\n        <msg:UserID>joe</msg:UserID>", "unknown", "<msg:UserID", "remove UserID"),
    Mutation("no Noun", READ, "        <msg:Noun>MeterReadings</msg:Noun>\n", "", "missing before", "<msg:Timestamp"),
    Mutation("no Verb", READ, "        <msg:Verb>create</msg:Verb>\n", "", "missing before", "<msg:Noun"),
    Mutation("MessageId", READ, "<msg:MessageID>63adff29-a96d-53eb-8a08-4a2805dae8a0</msg:MessageID>", "<msg:MessageId>63adff29</msg:MessageId>", "misspelt", "<msg:MessageId", "write MessageID"),
    Mutation("TimeStamp", READ, "<msg:Timestamp>2026-03-02T00:20:00Z</msg:Timestamp>", "<msg:TimeStamp>2026-03-02T00:20:00Z</msg:TimeStamp>", "misspelt", "<msg:TimeStamp", "write Timestamp"),
    Mutation("CorrelationId", REPLY, "CorrelationID>63adff29-a96d-53eb-8a08-4a2805dae8a0</msg:CorrelationID", "CorrelationId>63adff29</msg:CorrelationId", "misspelt", "<msg:CorrelationId", "write CorrelationID"),
    Mutation("two MessageIDs", READ, "<msg:MessageID>", "<msg:MessageID>a</msg:MessageID>\n        <msg:MessageID>", "twice", "<msg:MessageID>63"),
    Mutation("the same Source twice", READ, "<msg:Source>HES</msg:Source>", "<msg:Source>HES</msg:Source>\n        <msg:Source>HES</msg:Source>", "twice", "<msg:Source", "remove Source"),
    # ---- namespaces (field.md A1b, envelope.md §3)
    Mutation("the namespace with www", GENERIC, f'xmlns:mr="{MR}"', 'xmlns:mr="http://www.iec.ch/TC57/2011/MeterReadings#"', "namespace", "<mr:MeterReadings", f'xmlns:mr="{MR}"'),
    Mutation("the namespace without its hash", GENERIC, f'xmlns:mr="{MR}"', f'xmlns:mr="{MR[:-1]}"', "namespace", "<mr:MeterReadings", f'xmlns:mr="{MR}"'),
    Mutation("the namespace of another year", GENERIC, f'xmlns:mr="{MR}"', 'xmlns:mr="http://iec.ch/TC57/2009/MeterReadings#"', "namespace", "<mr:MeterReadings", f'xmlns:mr="{MR}"'),
    Mutation("a national namespace", DAY, f'xmlns:mr="{MR}"', 'xmlns:mr="http://podis.example/podis15/MeterReadings#"', "namespace", "<mr:MeterReadings", f'xmlns:mr="{MR}"'),
    Mutation("a profile in the envelope's namespace", GENERIC, f'xmlns:mr="{MR}"', f'xmlns:mr="{MSG}"', "namespace", "<mr:MeterReadings", f'"{MR}"'),
    Mutation("Header children in the typed namespace", READ, 'xmlns:msg="http://iec.ch/TC57/2011/schema/message"', 'xmlns:msg="http://iec.ch/TC57/2011/MeterReadingsMessage"', "namespace", "<msg:Verb", MSG),
    Mutation("the message namespace with www", GENERIC, f'xmlns:msg="{MSG}"', 'xmlns:msg="http://iec.ch/TC57/2011/schema/messages"', "namespace", "<msg:RequestMessage", MSG),
    Mutation("one element without namespace", READ, "<payload:value>48213.74</payload:value>", "<value>48213.74</value>", "namespace", "<value", MR),
    Mutation("ReplayDetection without namespace", READ, "<msg:Timestamp>", "<ReplayDetection><msg:Nonce>n</msg:Nonce><msg:Created>2026-03-02T00:20:00Z</msg:Created></ReplayDetection>\n        <msg:Timestamp>", "namespace", "<ReplayDetection", MSG),
    Mutation("a SOAP namespace with a slip", READ, 'xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"', 'xmlns:soap="http://schemas.xmlsoap.org/soap/envelope"', "namespace", "<soap:Envelope", "soap/envelope/"),
    Mutation("a payload in no namespace", GENERIC, "<mr:MeterReadings>", '<MeterReadings xmlns="">\n<mr:MeterReading/></MeterReadings><mr:MeterReadings>', "namespace", "<MeterReadings", f'xmlns="{MR}"'),
    # ---- SOAP
    Mutation("something after Body", READ, "</soap:Body>", "</soap:Body>\n<soap:Trailer/>", "soap", "<soap:Trailer", "remove Trailer"),
    Mutation("two messages in one Body", READ, "<soap:Body>", f'<soap:Body><m:FaultMessage xmlns:m="{MSG}"><m:Reply><m:Result>OK</m:Result></m:Reply></m:FaultMessage>', "soap", "<soap:Body"),
    # ---- times (metering.md §9)
    value("a time with a space", READ, *STAMP, "2026-03-02 00:00:00Z", "write 2026-03-02T00:00:00Z"),
    value("a time the German way", READ, *STAMP, "02.03.2026 00:00", "write 2026-03-02T00:00:00"),
    value("a time without seconds", READ, *STAMP, "2026-03-02T00:00Z", "write 2026-03-02T00:00:00Z"),
    value("an offset without colon", READ, *STAMP, "2026-03-02T00:00:00+0100", "write 2026-03-02T00:00:00+01:00"),
    value("a time that ends in UTC", READ, *STAMP, "2026-03-02T00:00:00 UTC", "write 2026-03-02T00:00:00Z"),
    value("a comma before the fraction", READ, *STAMP, "2026-03-02T00:00:00,000Z", "write 2026-03-02T00:00:00.000Z"),
    value("a compact time", READ, *STAMP, "20260302T000000Z", "write 2026-03-02T00:00:00Z"),
    value("seconds since 1970", READ, *STAMP, "1772409600"),
    value("month thirteen", READ, *STAMP, "2026-13-02T00:00:00Z"),
    value("a date that may be two", READ, *STAMP, "02/03/2026 00:00"),
    value("an empty time", READ, *STAMP, "", "remove timeStamp"),
    value("a question mark for a time", READ, *STAMP, "?"),
    value("an empty Timestamp", READ, "msg:Timestamp", "2026-03-02T00:20:00Z", "", "remove Timestamp"),
    value("a query that ends at no time", QUERY, "query:end", "2026-03-02T00:00:00Z", "now"),
    # ---- readings (metering.md §9)
    Mutation("a vendor's element", READ, "            <payload:Readings>", "            <payload:Zones>1</payload:Zones>\n            <payload:Readings>", "unknown", "<payload:Zones", "remove Zones"),
    Mutation("a reading's children out of order", READ, "<payload:timeStamp>2026-03-02T00:00:00Z</payload:timeStamp>\n              <payload:value>48213.74</payload:value>",
             "<payload:value>48213.74</payload:value>\n              <payload:timeStamp>2026-03-02T00:00:00Z</payload:timeStamp>", "order", "<payload:timeStamp", "move timeStamp before value"),
    Mutation("ReadingType before the value", READ, "            <payload:Readings>\n", '            <payload:Readings>\n              <payload:ReadingType ref="0.0.0.1.1.1.12.0.0.0.0.0.0.0.0.3.72.0"/>\n', "order", "<payload:timeStamp", "move timeStamp before ReadingType", also=frozenset({"twice"})),
    Mutation("a Reading for Readings", READ, "<payload:Readings>", "<payload:Readingss>", "form", "</payload:Readings>"),
    Mutation("the code as text", READ, '<payload:ReadingType ref="0.0.0.1.1.1.12.0.0.0.0.0.0.0.0.3.72.0"/>', "<payload:ReadingType>0.0.0.1.1.1.12.0.0.0.0.0.0.0.0.3.72.0</payload:ReadingType>", "content", "0.0.0.1.1.1.12.0.0.0.0.0.0.0.0.3.72.0<", 'ref="0.0.0.1'),
    Mutation("reference for ref", READ, '<payload:ReadingType ref=', '<payload:ReadingType reff=', "attribute", "reff=", "write ref="),
    Mutation("an rdf:resource", READ, '<payload:ReadingType ref=', '<payload:ReadingType xmlns:rdf="urn:rdf" rdf:resource="#a" ref=', "attribute", 'rdf:resource="#a"', "remove the attribute"),
    Mutation("no ReadingType", READ, '              <payload:ReadingType ref="0.0.0.1.1.1.12.0.0.0.0.0.0.0.0.3.72.0"/>\n', "", "missing", "<payload:Readings", above=True),
    Mutation("timestamp in small letters", READ, "<payload:timeStamp>2026-03-02T00:00:00Z</payload:timeStamp>", "<payload:timestamp>2026-03-02T00:00:00Z</payload:timestamp>", "misspelt", "<payload:timestamp", "write timeStamp"),
    Mutation("text between elements", READ, "<payload:Readings>", "<payload:Readings>kWh", "content", "kWh", "remove the text"),
    Mutation("a unit inside the value", READ, "48213.74<", "48213.74<payload:unit>kWh</payload:unit><", "content", "48213.74", "remove the elements"),
    Mutation("an empty timePeriod before the type", READ, "              <payload:ReadingQualities>\n", "              <payload:timePeriod/>\n              <payload:ReadingQualities>\n", "order", "<payload:timePeriod", "move timePeriod behind ReadingType"),
    Mutation("a name without name", READ, "                <payload:name>M-1001</payload:name>\n", "", "missing before", "<payload:NameType"),
    Mutation("a stray MeterReading", READ, "<payload:MeterReading>", "<payload:MeterReadin>\n</payload:MeterReadin><payload:MeterReading>", "misspelt", "<payload:MeterReadin>", "write MeterReading"),
    # ---- events, controls, master data
    Mutation("an event without its time", EVENT, "createdDateTime>2026-03-07T16:42:10Z</payload:createdDateTime", "creationDateTime>2026-03-07T16:42:10Z</payload:creationDateTime", "misspelt", "<payload:creationDateTime", "write createdDateTime"),
    Mutation("a control's action", CONTROL, "<payload:EndDeviceControlType", "<payload:EndDeviceAction><payload:command>off</payload:command></payload:EndDeviceAction>\n            <payload:EndDeviceControlType", "unknown", "<payload:EndDeviceAction", "remove EndDeviceAction"),
    Mutation("a boolean in words", USAGE, "<payload:isSdp>true<", "<payload:isSdp>yes<", "value", "yes", "write true"),
    Mutation("a boolean with a capital", USAGE, "<payload:isSdp>true<", "<payload:isSdp>True<", "value", "True", "write true"),
    # ---- not well-formed
    Mutation("an ampersand", READ, "<msg:Source>HES<", "<msg:Source>HES & Co<", "form", "& Co"),
    Mutation("a prefix that nobody declared", READ, "<msg:Source>HES</msg:Source>", "<mes:Source>HES</mes:Source>", "form", "<mes:Source"),
    Mutation("cut off", READ, "\n</soap:Envelope>\n", "", "form", "</soap:Body>", above=True),
)
# fmt: on
