"""Inspect: all that is known of one clip.

`facts` collects the rows, `text` words them, `picture` draws them over the clip's media on one time axis (`lanes` and `frames`
hold its parts, `palette` its colours). Collecting and drawing are apart: anything that has rows and media can be drawn.
"""
