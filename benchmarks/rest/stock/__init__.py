"""The peer: what one builds in a day from FastAPI, Pydantic and SQLAlchemy, as their manuals say.

The same resource as ours: the same JSON, filters and pages, API keys, meters that are looked up and made, an
Idempotency-Key that is heeded, SQLite with the same durability. No encryption, no journal of the message, no
audit trail, no codes of the standard: less than our side does.

    database      SQLite; tables as ORM classes
    models        what comes in and goes out, as Pydantic models
    application   the application
    __main__      served by uvicorn
"""
