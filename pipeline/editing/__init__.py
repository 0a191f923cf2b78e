"""Editing tasks: which there are for a clip, with what parameters, and what they sound like (ThinkSound stages 2 and 3)."""
