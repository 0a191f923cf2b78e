"""The face: recipes, the Prefect flow, the command line and the pictures people look at.

`recipe` (with `recipe_text`, `recipe_keys`) says what is to be made; `build` is the flow, `server` gives it a Prefect server
where there is none; `cli` and `commands` are the program `audiocot`; `inspect` draws a clip; `demo`, `selfcheck` and `doctor`
show that it works here. Imports everything below; nothing imports it. Heavy libraries are imported inside the commands
that need them, so that `--help` is instant.

To add a command: one function in a file of `commands`, registered there, and a test.
"""
