"""`python -m benchmarks.files`: many small files through `cim-adapter watch`, beside a loop of xmllint.

xmllint checks each file against its XSD and keeps nothing; we check, store, journal, answer and file it.
"""
