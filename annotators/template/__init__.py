"""A reasoner without weights: evidence put into steps, claims and an instruction by fixed rules.

    wording    the English of kinds, numbers, lists and single claims; shared with decoys and the self-check
    salience   which heard events are strong and clear enough to speak of
    makers     which visible track a sound belongs to, where motion and sound give positive evidence
    steps      steps with their claims: semantic, temporal, aesthetic, spatial, avoidance
    instruction    the one-paragraph instruction
    reasoner   the annotator

The same evidence gives the same words. Nothing is said that was not measured; the source's label is passed on as a label.
May import `schemas` and the contracts of `annotators`.
"""

from annotators.template.reasoner import TemplateReasoner

__all__ = ["TemplateReasoner"]
