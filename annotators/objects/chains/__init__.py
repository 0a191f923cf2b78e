"""Chains of thought about one visible thing and its sounds (ThinkSound stage 2): the role `object_reasoner`.

    roles         what is asked: a clip's evidence, its things, and one of them
    tracks        by which of its tracks a thing is named
    naming        what to call a thing among others that look the same
    remarks       what is said of a thing besides what is said of any sound: its sight, that it makes a sound, what to avoid
    instruction   the instruction to make its sound alone
    template      the backend that writes from evidence alone
    case_text, asking    the backends that ask a language model

May import the packages `template` and `chat`, whose pieces these chains are made of.
"""
