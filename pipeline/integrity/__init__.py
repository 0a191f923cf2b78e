"""Is every file of a dataset the one that was written, and what is done about those that are not.

    finding.py    what should be there and what is: every file under the root, read once and held against its checksum
    cells.py      the same for a cell: its mark, the files that the mark lists, and those that it does not
    releases.py   the same for a release: its manifest and the files that the manifest lists
    mending.py    takes back what is damaged, so that the next build makes exactly that again
    redoing.py    what a cell said before it was taken back, so that its readers run again only if it says something else now

Checksums are written by who writes the files: in the mark of a cell (`pipeline.cell`), in the manifest of a release, and as a
seal within every small file (`schemas.seal`). Nothing here is needed to build.
"""
