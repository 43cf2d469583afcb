"""What the tables promise each other."""

from cim_adapter.store.tables import Tables


def test_what_may_wait_for_its_message_is_found_by_an_index():
    """SQLite looks for such rows when the journal is written; without an index it would read the whole table."""
    waiting = [
        (table, key.parent)
        for table in Tables.define().metadata.sorted_tables
        for key in table.foreign_keys
        if key.deferrable
    ]
    assert waiting
    for table, column in waiting:
        assert any(index.columns[0] is column for index in table.indexes), table.name
