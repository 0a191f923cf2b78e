"""Questions asked by the file: OpenAI's Batch API and `vllm run-batch`, before the stage that asks them runs.

A batch fills the store of paid replies; then the cells run as always and find theirs. So nothing else knows of batches: not the
roles, not the stages, not the ledger.

    outbox    what a cell would ask, written to a file instead of sent
    planning  which requests go into which file, by count, bytes, tries and budget
    record    what became of a batch, as a small file in the dataset: every step can be taken up by another process
    openai_api, vllm_cli    who answers a file
    results   a line of the answer as a paid reply, or why there is none
    filling   the rounds of one stage: plan, send, look, take in

Re-asks (replies that do not validate) are left to the direct way at OpenAI: each needs the reply before it, so each would cost
one more wait of up to a day, for the few per cent of replies that a model held to a schema gets wrong. `vllm run-batch` gets
them in further rounds, for it takes minutes and there may be no server to ask directly. What was asked and got no answer (the
batch expired, the server failed) goes into another batch, `batch_tries` times in all, and then to the direct way as well. What
was refused as invalid goes there at once, where it becomes `request_refused`: an error is billed by nobody.
"""
