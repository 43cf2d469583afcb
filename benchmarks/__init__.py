"""The bench: our server beside a stock stack, driven by the same load, in the same run.

`python -m benchmarks` (or `make bench`) prints a Markdown table. Nothing here is part of the product.

    messages   what is sent: meter readings, events of devices, controls for them
    load       who sends it: a closed-loop HTTP/1.1 generator in a process of its own
    trivial    a server that does nothing: how fast can the generator be?
    stock      the peer: spyne's WSGI application, SQLAlchemy ORM, one commit per message
    rest       readings over REST: what is sent, and the peer: FastAPI, Pydantic, SQLAlchemy ORM
    ours       `cim-adapter serve`, with its defaults
    process    a server as a process: start, ready, CPU, memory, stop
    machine    what it ran on
    rounds     one round: a fresh server under load
    report     rounds in, table out
"""
