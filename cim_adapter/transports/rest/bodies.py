"""Bodies into structs. A body that does not fit is gone through again, to say of each member what is wrong.

JSON is an object whose one member is the list of items, or one item alone; NDJSON is one item a line; XML has
the same names: any document element, in it either elements called like the list, one an item, or the members
of one item.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import Annotated, Any, Generic, TypeVar, get_args, get_origin

import msgspec
from lxml import etree

from cim_adapter.errors import Finding, Invalid, OverBudget, Unreadable
from cim_adapter.items.findings import Findings
from cim_adapter.schema import Budget, parse
from cim_adapter.schema.bridge import count_members, refuse_twins
from cim_adapter.transports.rest.forms import Form
from cim_adapter.xmltree import children

T = TypeVar("T", bound=msgspec.Struct)


class Sent(msgspec.Struct, Generic[T], frozen=True):
    """The items of a body, and where they stand in it: ``place`` is the pointer of their list, None for one
    item alone. Of NDJSON, ``lines`` are the lines on which the items stand, and a pointer begins with the
    line, counted from 0.
    """

    items: list[T]
    place: str | None
    lines: list[int] = []

    def pointer(self, number: int) -> str:
        """Where item ``number`` stands."""
        if self.lines:
            return f"/{self.lines[number] - 1}"
        return "" if self.place is None else f"{self.place}/{number}"


class Bodies(Generic[T]):
    """Reads bodies that hold items of one struct. ``member`` is the name of their list."""

    def __init__(self, item: type[T], member: str, *, at_most: int) -> None:
        self.member = member
        self._item = item
        self._at_most = at_most
        self._fields = {field.encode_name: field for field in msgspec.structs.fields(item)}
        self._lists = [name for name, field in self._fields.items() if get_origin(_plain_type(field.type)) is list]
        listed = msgspec.defstruct(
            "Listed",
            [("items", list[item], msgspec.field(name=member))],  # type: ignore[valid-type]
            forbid_unknown_fields=True,
        )
        # Numbers with a point stay texts, so that 1.50 keeps its digits.
        self._of_list = msgspec.json.Decoder(listed, float_hook=str)
        self._of_line = msgspec.json.Decoder(item, float_hook=str)
        self._of_any = msgspec.json.Decoder(float_hook=str)
        # Of two members of one name msgspec takes the last. These see how many members there are.
        self._members_of_list = msgspec.json.Decoder(dict[str, list[dict[str, msgspec.Raw]]])
        self._members_of_line = msgspec.json.Decoder(dict[str, msgspec.Raw])

    def read(self, body: bytes, form: Form, budget: Budget, *, first: int = 1) -> Sent[T]:
        """The items; ``first`` is the number of the first line of NDJSON.

        Raises Unreadable, OverBudget, and Invalid with a pointer for each finding.
        """
        try:
            sent = self._lines(body, first) if form is Form.NDJSON else self._read(body, form, budget)
        except RecursionError:
            raise OverBudget("The body has objects or arrays too deep inside each other.") from None
        if len(sent.items) > self._at_most:
            raise OverBudget(
                f"The body has {len(sent.items):,} items; this adapter takes at most {self._at_most:,} a request. "
                "Send several requests"
            )
        if not sent.items:
            raise Invalid(f"The body has no item in {self.member}; send at least one", code="1.7")
        return sent

    def merged(self, known: T, body: bytes, form: Form, budget: Budget, changeable: Collection[str]) -> T:
        """``known`` with the members that ``body`` has (RFC 7396): those of ``changeable``, by their names in
        Python. Raises as ``read`` does.
        """
        if form is Form.XML:
            given: Any = self._listing(_members_of(parse(body, budget)))
        else:
            given = self._any(body)
        fields = {name: field for name, field in self._fields.items() if field.name in changeable}
        findings, changes = Findings(), {}
        if not isinstance(given, dict):
            findings.add("", given, f"an object with {', '.join(fields)}")
            given = {}
        for name, value in given.items():
            if name not in fields:
                findings.add(f"/{escaped(name)}", f"a member {name!r}", f"one of {', '.join(fields)}")
                continue
            field = fields[name]
            try:
                changes[field.name] = msgspec.convert(value, field.type, strict=form is not Form.XML)
            except msgspec.ValidationError as error:
                findings.add(f"/{name}", value, _expected(error))
        findings.check()
        return msgspec.structs.replace(known, **changes)

    def _read(self, body: bytes, form: Form, budget: Budget) -> Sent[T]:
        if form is Form.XML:
            return self._convert(self._plain(parse(body, budget)), strict=False)
        try:
            found: list[T] = self._of_list.decode(body).items  # type: ignore[attr-defined]
        except msgspec.ValidationError:
            return self._convert(self._any(body), strict=True)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise _unreadable(error) from None
        refuse_twins(body, 1 + sum(map(len, self._members_of_list.decode(body)[self.member])))
        return Sent(found, f"/{self.member}")

    def _any(self, body: bytes) -> Any:
        """The JSON in ``body``, as dicts and lists."""
        value = _loaded(self._of_any, body)
        refuse_twins(body, count_members(value))
        return value

    def _plain(self, root: etree._Element) -> Any:
        """XML as the dicts and lists of JSON."""
        listed = [child for name, child in children(root) if name == self.member]
        if listed:
            beside = {name: child.text for name, child in children(root) if name != self.member}
            return {self.member: [self._listing(_members_of(child)) for child in listed], **beside}
        return self._listing(_members_of(root))

    def _listing(self, members: dict[str, Any]) -> dict[str, Any]:
        """Members that are lists as lists, also where there is one of them."""
        for name in self._lists:
            if name in members and not isinstance(members[name], list):
                members[name] = [members[name]]
        return members

    def _lines(self, body: bytes, first: int) -> Sent[T]:
        """Lines that are empty are passed over."""
        items: list[T] = []
        numbers: list[int] = []
        findings = Findings(by_line=True)
        for number, line in enumerate(body.split(b"\n"), first):
            if not line.strip():
                continue
            numbers.append(number)
            try:
                items.append(self._of_line.decode(line))
                refuse_twins(line, len(self._members_of_line.decode(line)), (None, number))
            except msgspec.ValidationError:
                self._examine(_loaded(self._of_any, line), f"/{number - 1}", findings, strict=True)
            except (msgspec.DecodeError, UnicodeDecodeError) as error:
                raise _unreadable(error, line=number) from None
        findings.check()
        return Sent(items, "", numbers)

    def _convert(self, value: Any, *, strict: bool) -> Sent[T]:
        """The items in plain dicts and lists. Raises Invalid."""
        findings = Findings()
        alone = not isinstance(value, dict) or self.member not in value
        listed = [value] if alone else value[self.member]
        if not isinstance(listed, list):
            findings.add(f"/{self.member}", listed, "an array", f"Put the items into an array: {self.member}.")
            listed = []
        if not alone:
            for name in value.keys() - {self.member}:
                findings.add(f"/{escaped(name)}", f"a member {name!r}", f"{self.member} alone")
        place = None if alone else f"/{self.member}"
        items = [
            self._examine(item, "" if place is None else f"{place}/{number}", findings, strict=strict)
            for number, item in enumerate(listed)
        ]
        findings.check()
        return Sent([item for item in items if item is not None], place)

    def _examine(self, value: Any, pointer: str, findings: Findings, *, strict: bool) -> T | None:
        """The item, or None and a finding for each member that is wrong."""
        try:
            return msgspec.convert(value, self._item, strict=strict)
        except msgspec.ValidationError as error:
            if not isinstance(value, dict):
                findings.add(pointer, value, f"an object with {', '.join(self._fields)}")
                return None
            before = len(findings.listed)
            self._members(value, pointer, findings, strict=strict)
            if len(findings.listed) == before:
                findings.add(pointer, value, str(error))
            return None

    def _members(self, value: dict[str, Any], pointer: str, findings: Findings, *, strict: bool) -> None:
        for name, field in self._fields.items():
            if name not in value:
                if field.required:
                    findings.add(pointer, f"no {name}", f"a member {name}", code="1.7")
                continue
            try:
                msgspec.convert(value[name], field.type, strict=strict)
            except msgspec.ValidationError as error:
                findings.add(f"{pointer}/{name}", value[name], _expected(error))
        for name in value.keys() - self._fields.keys():
            findings.add(f"{pointer}/{escaped(name)}", f"a member {name!r}", f"one of {', '.join(self._fields)}")


def escaped(name: str) -> str:
    """``name`` as a step of a JSON pointer."""
    return name[:80].replace("~", "~0").replace("/", "~1")


def _expected(error: msgspec.ValidationError) -> str:
    return str(error).removeprefix("Expected ").replace("`", "")


def _plain_type(annotated: Any) -> Any:
    """The type without what is told about it."""
    return get_args(annotated)[0] if get_origin(annotated) is Annotated else annotated


def _members_of(element: etree._Element) -> dict[str, Any]:
    members: dict[str, Any] = {}
    for name, child in children(element):
        value: Any = _members_of(child) if len(child) else child.text or ""
        if name in members:
            before = members[name]
            members[name] = [*before, value] if isinstance(before, list) else [before, value]
        else:
            members[name] = value
    return members


def _loaded(decoder: msgspec.json.Decoder[Any], body: bytes) -> Any:
    try:
        return decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _unreadable(error) from None


def _unreadable(error: Exception, line: int = 0) -> Unreadable:
    said = str(error).removeprefix("JSON is malformed: ")
    finding = Finding(
        line=line, path=f"/{line - 1}" if line else "", found=said, expected="well-formed JSON (RFC 8259) in UTF-8"
    )
    where = f" in line {line:,}" if line else ""
    return Unreadable(f"The body is no JSON{where}: {said}.", [finding])


def as_xml(root: str, member: str, items: Iterable[dict[str, Any]], more: dict[str, Any]) -> bytes:
    """Items as XML with the names of JSON."""
    document = etree.Element(root)
    for item in items:
        _write(etree.SubElement(document, member), item)
    _write(document, more)
    return etree.tostring(document, xml_declaration=True, encoding="UTF-8")


def _write(parent: etree._Element, members: dict[str, Any]) -> None:
    for name, value in members.items():
        for item in _each(value):
            child = etree.SubElement(parent, name)
            if isinstance(item, dict):
                _write(child, item)
            else:
                child.text = {True: "true", False: "false"}[item] if isinstance(item, bool) else str(item)


def _each(value: Any) -> Iterator[Any]:
    yield from value if isinstance(value, list | tuple) else (value,)
