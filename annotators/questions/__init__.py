"""Questions about clips: who writes them, who answers them without hearing, and who answers them with and without sound.

    roles        what questioners, teachers and answerers are given and give back
    forms        how generated questions are worded, and how a question so worded is read back
    questioner   `events`: questions with a known answer, from what was heard
    mute         a clip without its sound, and one whose sound is silence
    sight        what a silent video lets one expect of its sound
    teacher      `template`: reasons from sight alone
    answerer     `instruments`: measures the sound it is given, and guesses without one
    parsing      an answer out of a model's words
    chat_teacher, chat_answerer   models that are asked in words

SightSound-R1's first step (a teacher on silent video, kept where it agrees with itself) and AudioMCQ's audio contribution.
Policies over samples are `pipeline.questions`'.
"""
