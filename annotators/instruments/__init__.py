"""Instruments: what a clip's sound measurably does, with no weights and no guesses about what makes it.

    params        every threshold, described
    spectra       short-time spectra, log-spaced bands          loudness     BS.1770 loudness over time and over spans
    pitch         fundamental and prominence of lines           stereo       the constant-power pan law, solved for pan
    onsets        moments at which a hit begins                 partials     spectral lines followed through time
    analysis      all of the above for one clip, computed once and shared: the door for whoever measures a span
    strikes       which onsets are hits, rings and rolls        voices       lines gathered into pitched sounds
    noises        sustained sounds without pitch                kinds        names by behaviour (schemas.vocabulary)
    events        the events of a clip, named and measured      measurements numbers about the whole clip
    detector, captioner (with words), verifier (with judging)   what the stages get

May import `schemas` and the contracts of `annotators`. Times are seconds from the clip's start, spans half-open.
"""
