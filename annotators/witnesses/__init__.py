"""Verifiers with weights that are not chat models: a tagger, sound-text similarity, and a caption with text entailment.

Each is another kind of ear with other mistakes, which is what makes several witnesses worth more than one. None of them counts,
orders or measures: what they cannot tell they leave undecided, and their error rates are measured on planted decoys.
"""
