"""The self-check: how good the embedded annotators are, measured on rendered scenes whose truth is known.

    truth_claims   true and false claims made from the truth
    track_match    which track follows which thing
"""
