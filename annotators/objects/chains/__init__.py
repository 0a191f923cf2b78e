"""Chains of thought about one visible thing and its sounds (ThinkSound stage 2): the role `object_reasoner`.

roles      what is asked: a clip's evidence, its things, and one of them      tracks    by which track a thing is named
"""
