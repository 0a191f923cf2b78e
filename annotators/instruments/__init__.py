"""Instruments: what a clip's sound measurably does, with no weights and no guesses about what makes it.

    params      every threshold, described
    spectra     short-time spectra at two resolutions, log-spaced bands, floors
    loudness    BS.1770 loudness over time and over spans
    pitch       fundamental and harmonicity over time
    onsets      moments at which a hit begins, to a few milliseconds
    analysis    all of the above for one clip, computed once and shared: the only door for verifier and detector
    partials    spectral lines followed through time
    segments    sustained sounds, with and without pitch
    kinds       events named by how they behave (schemas.vocabulary)
    measurements, detector, captioner     what the stages get

May import `schemas` and the contracts of `annotators`. Times are seconds from the clip's start, spans half-open.
"""
