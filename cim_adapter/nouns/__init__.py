"""The nouns: one module each, with its handlers; domain objects and codecs beside it."""
