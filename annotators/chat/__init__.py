"""Models that are asked in words: what a question and a reply are, and the roles that ask.

A role's class here (video captioner, audio captioner, reasoner, listener) knows its prompt and how to read the reply; an
`Asker` knows how a question reaches a model: over HTTP (`annotators.serving`), in this process (`annotators.engine`), or
through transformers (`annotators.hf`). So every role works with every way of running a model, and a prompt exists once.
"""
