"""Keeping a root tidy and lawful: what nobody refers to any more goes, and what must be forgotten is."""
