"""REST: JSON and XML in the words of people, for the same messages (see ``door``)."""
