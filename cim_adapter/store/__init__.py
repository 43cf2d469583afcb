"""The durable room: tables, sealing, the group-commit writer, queries. No SQL outside of it."""
