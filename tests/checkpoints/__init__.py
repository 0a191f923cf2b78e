"""Makers of tiny checkpoints with random weights: the real architectures and processors, saved in the real format.

`make(folder, seed=0)` writes one and returns the folder. What such a model says is noise; that it loads, batches, hears and
sees what it is given is real.
"""
