"""The work on models: what a release is for. Empty until the trainer lands; the name is held because the `sam2` wheel
installs a top-level package of the same name, and a test says which one an import finds.

Will read releases and feature shards as data, and import nothing of `pipeline`.
"""
