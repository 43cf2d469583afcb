"""The command ``cim-adapter export``: what the store holds, as files."""
