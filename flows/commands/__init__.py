"""The commands of `audiocot`, one small file per group.

A command reads its arguments, calls one function that does the work, and shows the result. Heavy things are imported inside
the command, so that `audiocot --help` is quick. Anything the user can mend is raised as an `AudiocotError`; `flows.cli` turns
it into one line and an exit code.
"""
