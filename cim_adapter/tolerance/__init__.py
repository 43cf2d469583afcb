"""What a partner's messages do against the standard, and is let pass by switches of their profile.

    strict attempt ─► refused ─► the tree is mended, as far as the profile allows ─► strict attempt
                                                                                └─► warnings for the journal

A good message never comes here. Only the parsed tree is changed: the journal keeps the body as it was sent.
"""

from cim_adapter.tolerance.draft import Use, as_json
from cim_adapter.tolerance.tally import Tally
from cim_adapter.tolerance.tolerance import MENDABLE, Mended, Tolerance

__all__ = ["MENDABLE", "Mended", "Tally", "Tolerance", "Use", "as_json"]
