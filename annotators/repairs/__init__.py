"""Repair: a step of a chain that a witness refutes is written again from what was measured, or dropped.

roles        what a repairer is given and what it gives back
corrections  what a refuted claim becomes, by the numbers that refuted it
telling      the sentence of a step, from the claims that remain
template     the backend `template`: the two above, no model
asked        the backends that ask a language model
"""
