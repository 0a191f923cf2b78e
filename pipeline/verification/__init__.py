"""What is made of claims: decoys planted beside them, verdicts weighed, chains decided on, and people asked.

`decoys`, `edit_decoys` and `makers` plant false claims; `witness_rates` counts what witnesses say of them, `calibration` keeps
such counts and `ensemble` weighs verdicts by them; `policy` decides on a chain, `rewriting` puts repaired steps into it and
`repairing` tells what that is worth; `deciding` and `comparing` do it again under other policies; `reviewing`, `review_sheets`
and `agreement` are the human check. Who judges is an annotator; who calls whom is a stage.
"""
