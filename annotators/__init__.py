"""The models: one file (or folder) per model, behind a role.

A role (`roles`) says what goes in and what comes out; a backend answers it. The stage in `pipeline` owns the records, the
annotator owns the model, so swapping a backend never changes a table. Embedded backends need no weights and no GPU and say
only what they measured: `instruments` (sound), `motion` (picture), `template` (words from evidence).

May import `schemas`. `torch`, `transformers`, `sam2` and `vllm` are imported only inside a model's own file, inside `load`.

To add a backend: one file with a class, one line in `registry.BACKENDS`, one test.
"""
