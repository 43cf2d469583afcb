"""The one way in, for every message of every transport; its rooms in the order in which a message passes."""

from cim_adapter.pipeline.pipeline import Pipeline

__all__ = ["Pipeline"]
