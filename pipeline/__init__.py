"""The work on data: from listed media to a published release.

`sources shards media ingest` make clips; `stage stages plan` say what is to be done with them; `grid engine cell executors`
do it, each (stage, shard) cell once; `catalog accounting` answer what is there; `decoys policy witness_rates` judge;
`release` publishes; `scenes selfcheck` are the known truth. May import `annotators` and `schemas`. Ray is imported in
`executors/ray.py` only; nothing here knows Prefect or the command line.

To add a stage: one file in `stages`, one line in `stages.STAGES`, one test.
"""
