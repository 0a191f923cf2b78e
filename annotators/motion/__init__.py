"""The picture as an instrument sees it: moving regions, tracks, motion events, camera cuts, and sentences about them.

Everything here is measured from pixels with numpy, scipy and OpenCV; nothing is recognised, so nothing is named beyond its
colour and shape. `tracker` and `captioner` are the backends; the other files are their steps, in this order:
`shots` → `camera` → `background` → `regions` → `linking` → `paths` → `kinematics` → `happenings`, `measurements`, `words`.
"""
