"""The doors: bytes in, bytes out. Each hands every message to the pipeline and knows no other door."""
