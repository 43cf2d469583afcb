"""The file drop: messages come as files in a folder, answers go beside them (docs/files.md)."""
