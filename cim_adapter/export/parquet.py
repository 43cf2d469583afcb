"""Apache Parquet, by pyarrow: an extra, because it is as large as all the rest together.

Texts stay as they came. Beside each time there is a column that says it as a timestamp (``readingDateTime``,
``readingInstant``), and beside the value of a reading its nearest double (``valueNumber``).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, BinaryIO

import msgspec
from msgspec import inspect

from cim_adapter import instants
from cim_adapter.export.source import Batch, Source
from cim_adapter.items.rows import plain

_GROUP_ROWS = 100_000
_GROUP_BYTES = 32_000_000  # of a row group before it is compressed
_NUMBER = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,3})?")
_SAYS_WHEN = "DateTime"


class ParquetMissing(Exception):
    """pyarrow is not installed."""


class ParquetWriter:
    """One file; a row group holds at most ``_GROUP_ROWS`` rows. Raises ParquetMissing."""

    def __init__(self, out: BinaryIO, source: Source) -> None:
        try:
            import pyarrow
            from pyarrow import parquet
        except ImportError as error:
            raise ParquetMissing(
                f"Parquet needs pyarrow, which is not installed ({error}): pip install 'cim-adapter[parquet]'"
            ) from error
        self._arrow = pyarrow
        self._columns = list(_columns(pyarrow, source.row))
        self._schema = pyarrow.schema([(column.name, column.type) for column in self._columns])
        self._waiting: list[Any] = []
        self._rows = self._bytes = 0
        self._file = parquet.ParquetWriter(_Counted(out), self._schema, compression="zstd")

    def begin(self) -> None:
        """The writer began the file when it was made."""

    def add(self, batch: Batch) -> None:
        rows = batch.rows()
        arrays = [self._arrow.array(column.of(rows), column.type) for column in self._columns]
        some = self._arrow.RecordBatch.from_arrays(arrays, schema=self._schema)
        self._waiting.append(some)
        self._rows, self._bytes = self._rows + some.num_rows, self._bytes + some.nbytes
        if self._rows >= _GROUP_ROWS or self._bytes >= _GROUP_BYTES:
            self._flush()

    def end(self) -> None:
        self._flush()
        self._file.close()

    def _flush(self) -> None:
        if self._waiting:
            table = self._arrow.Table.from_batches(self._waiting, self._schema)
            self._file.write_table(table, row_group_size=_GROUP_ROWS)
        self._waiting, self._rows, self._bytes = [], 0, 0


class _Counted:
    """Says how much was written: a pipe cannot tell where it is."""

    closed = False

    def __init__(self, out: BinaryIO) -> None:
        self._out = out
        self._written = 0

    def write(self, data: Any) -> int:
        self._out.write(data)
        self._written += len(data)
        return len(data)

    def tell(self) -> int:
        return self._written

    def flush(self) -> None:
        self._out.flush()

    def writable(self) -> bool:
        return True

    def close(self) -> None:
        """Whoever opened it closes it."""


@dataclass(frozen=True, slots=True)
class _Column:
    """A column: what is made of the texts of ``member``, a name in Python."""

    name: str
    type: Any
    member: str
    make: Callable[[Any], Any] | None = None

    def of(self, rows: Sequence[msgspec.Struct]) -> list[Any]:
        """Its values in these rows."""
        values = map(attrgetter(self.member), rows)
        texts = [value if value is None or type(value) is str else plain(value) for value in values]
        if self.make is None:
            return texts
        known: dict[Any, Any] = {None: None}
        return [known[text] if text in known else known.setdefault(text, self.make(text)) for text in texts]


def _columns(arrow: Any, row: type[msgspec.Struct]) -> Iterator[_Column]:
    told: Any = inspect.type_info(row)
    for field in told.fields:
        name, member = field.encode_name, field.name
        if name == "value":  # a number of JSON, or a text
            yield _Column(name, arrow.string(), member, str)
            yield _Column("valueNumber", arrow.float64(), member, _number)
        else:
            yield _Column(name, _type(arrow, field.type), member)
        if name.endswith(_SAYS_WHEN):
            instant = f"{name.removesuffix(_SAYS_WHEN)}Instant"
            yield _Column(instant, arrow.timestamp("us", tz="UTC"), member, _instant)


def _type(arrow: Any, told: Any) -> Any:
    """A type of msgspec as one of Arrow: a value of any type is a text."""
    match told:
        case inspect.Metadata():
            return _type(arrow, told.type)
        case inspect.UnionType():
            return _type(arrow, next(one for one in told.types if not isinstance(one, inspect.NoneType)))
        case inspect.ListType():
            return arrow.list_(_type(arrow, told.item_type))
        case inspect.StructType():
            return arrow.struct([(field.encode_name, _type(arrow, field.type)) for field in told.fields])
        case inspect.IntType():
            return arrow.int64()
        case _:
            return arrow.string()


def _instant(text: str) -> int | None:
    try:
        return instants.instant(text)
    except ValueError:
        return None


def _number(value: object) -> float | None:
    text = str(value)
    return float(text) if _NUMBER.fullmatch(text) else None
