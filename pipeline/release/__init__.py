"""Releases: an immutable, self-describing set of training shards, tables and card, made from what a dataset holds.

`select` applies the thresholds and gives every clip exactly one outcome; `shards` writes the WebDataset tars (one job each);
`tables` copies the rows of the released clips; `card` writes the README; `publish` commits the manifest, which is what makes
a release exist, and moves `releases/CURRENT`.
"""
