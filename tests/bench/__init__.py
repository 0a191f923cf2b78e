"""`make bench`, or `python -m tests.bench [names...]`: how fast the main job is, beside the best of its kind in the same run.

One file per benchmark with a function `measure(work, size)` that returns lines of Markdown; `measuring.py` has what they share.
Data is generated, so anybody measures the same. Not tests: nothing here can fail; what must hold is held by tests/scale.
To add one: its file, and its line in `__main__.py`.
"""
