"""Master data: every noun that has a profile and no handlers of its own."""
