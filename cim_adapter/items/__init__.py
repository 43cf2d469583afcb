"""Readings, events and controls as flat items in plain words: what REST takes and tells, and what is exported.

An item is read from what a get of its noun finds, and a query of items is asked as a get of that noun: so a
parameter means the same wherever it stands. No I/O but through the ``Reader`` that is given.
"""
