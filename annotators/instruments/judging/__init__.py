"""How a claim is judged by measurement, one file per type of claim.

    ear        what is measured again for an inquiry: the clip's events, the sure ones and the doubtful, and numbers over spans
    doubt      which events may be of a kind that they were not named
    params     every tolerance, described
    findings   verdicts and evidence in their standard form
    presence   event, count, absence
    order      order
    attribute  numbers, sides and trends; what they are held against is in `measures`
    source     who makes it

The rule of the house: a claim is supported only on positive evidence for it and refuted only on positive evidence against
it; what is neither is unverifiable. Between the two there is always a margin, where a measurement may err either way.
"""
