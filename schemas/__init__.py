"""The ground of the house: what is written, where, and under which name.

Here live the rows (`media evidence reasoning accounting`), the table registry (`tables`), the Arrow schemas derived from
the classes (`arrow`), the places of a dataset on disk (`layout`), atomic reading and writing over any fsspec URL
(`storage`), fingerprints, the shared vocabulary of sounds and the errors. Imports nothing of the other packages.

To add a table: write one `Row` class with docstrings, list it in `tables.TABLES`, run `make docs`, and accept the new
golden schema with `pytest tests/schemas --update-golden`.
"""
