"""A reasoner without weights: evidence put into steps, claims and an instruction by fixed rules.

    wording    the English of kinds, numbers, lists and single claims; shared with decoys and the self-check
    salience   which heard events are strong and clear enough to speak of
    makers     which visible track a sound belongs to, where motion and sound give positive evidence
    remarks    pieces of sentences with the claims they make: semantic, temporal, aesthetic, spatial, avoidance
    steps      the weightiest remarks, joined into steps
    instruction    the one-paragraph instruction
    reasoner   the annotator; reasoners about objects and edits say their own with the same pieces

The same evidence gives the same words. Nothing is said that was not measured; the source's label is passed on as a label.
May import `schemas` and the contracts of `annotators`.
"""

from annotators.template.reasoner import TemplateReasoner

__all__ = ["TemplateReasoner"]
