"""Which visible thing makes which heard event: the role `attributor`, and the backend that answers it by correspondence.

roles        what is asked and answered          things      a thing as it is seen
parts        tracks of one thing, side by side   identity    tracks of one thing, one after the other
sounds       events that one maker would make, taken together
moments      onsets against sudden moves         activity    motion in itself while a sound is on and off
stereo       stereo position against place       cues        all of these for one sound and one thing
belief       all pairs weighed together          telling     what comes out, as objects and attributions
attributor   the backend `correspondence`

Only sums of log likelihoods with stated rates are used, each cue held against chance; nothing here was learned.
"""
