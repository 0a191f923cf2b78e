"""Questions as data: imported ones, what a teacher's samples agree on, which of its claims may be turned into decoys, and how
much a question needs its sound. Pure; the stages own the rows.
"""
