"""`python -m benchmarks.rest.stock`: the application, served by uvicorn. BENCH_KEY is its key."""

import argparse
import hashlib
import os
from pathlib import Path

import uvicorn
from sqlalchemy.orm import Session

from benchmarks.rest.stock.application import application
from benchmarks.rest.stock.database import ApiKey, database


class _Server(uvicorn.Server):
    async def startup(self, sockets: list[object] | None = None) -> None:
        await super().startup(sockets)  # type: ignore[arg-type]
        print(f"ready http://127.0.0.1:{self.config.port}", flush=True)


def serve(port: int, data: Path, key: str, *, bulk: bool) -> None:
    """One process, as our side has; uvloop and httptools, as `uvicorn[standard]` brings them."""
    engine = database(data / "stock.db")
    with Session(engine) as session:
        session.add(ApiKey(hash=hashlib.sha256(key.encode()).hexdigest(), name="bench"))
        session.commit()
    app = application(engine, bulk=bulk)
    _Server(uvicorn.Config(app, host="127.0.0.1", port=port, log_level="warning", access_log=False)).run()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--bulk", action="store_true")
    arguments = parser.parse_args()
    serve(arguments.port, arguments.data, os.environ["BENCH_KEY"], bulk=arguments.bulk)
