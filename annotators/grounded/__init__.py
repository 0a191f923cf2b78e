"""Trackers that look for what words name: Grounding DINO finds it, SAM 2 follows it.

`detector` finds boxes, `segmenter` follows them as masks (the `sam2` package or transformers), `masks` turns masks into boxes,
run lengths and agreement, `trails` makes tracks of them, `tracker` puts it all together.
"""
