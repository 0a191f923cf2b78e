"""The self-check: how good the embedded annotators are, measured on rendered scenes whose truth is known.

truth_claims   true and false claims made from the truth       event_match     heard events against true ones
track_match    which track follows which thing                 track_quality   how well it does
claim_check    verdicts on planted claims                      figures         values with thresholds
hallucinations of planted kinds, and verdicts by trap          truth_judge     whether a claim is true of a scene
repair_check   chains made to hallucinate, and mended
check          all of it, over a built dataset
"""
