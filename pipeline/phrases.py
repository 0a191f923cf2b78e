"""The things a sentence names: runs of words between function words and punctuation.

That is the candidate step of RAKE (S. Rose et al., "Automatic keyword extraction from individual documents", 2010). It needs
no tagger and no model; a detector that is asked for a phrase which is no thing finds nothing, which costs time and no truth.
"""

import re

MAX_WORDS = 3
_LETTER = r"[^\W\d_]"
_WORD = re.compile(rf"{_LETTER}(?:{_LETTER}|['’-])*|\S")
_FUNCTION_WORDS = """
    a about above across after again against all along also am among an and another any appear appears are around as at away
    back be because been before behind being below beneath beside between both but by can come comes could do does down during
    each either end ends every fade fades few first follow followed follows for from further go goes had has have he hear heard
    her here him his how i if in inside into is it its itself just last later left loud louder make makes making many may more
    most move moves moving near no nor not now of off on once one only onto or other out outside over own past quiet quieter
    right same scene second seconds see seen she should show shows side so some sound sounds still stop stops such than that the
    their them then there these they third this those three through time to together toward towards two under until up upon
    very video was we were what when where which while who whose will with within without would you your
    background bottom corner foreground middle top db hz khz ms px s
"""
_IGNORED = frozenset(_FUNCTION_WORDS.split())


def noun_phrases(text: str) -> list[str]:
    """Lower-case phrases of at most MAX_WORDS words, in order, each once. A longer run keeps its last words: the head noun."""
    phrases: list[str] = []
    run: list[str] = []
    for word in [*_WORD.findall(text.lower()), "."]:
        if word[0].isalpha() and word not in _IGNORED:
            run.append(word)
            continue
        if run:
            phrases.append(" ".join(run[-MAX_WORDS:]))
        run = []
    return list(dict.fromkeys(phrases))
