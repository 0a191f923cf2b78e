"""Editing tasks: which there are for a clip, with what parameters, and what they sound like (ThinkSound stages 2 and 3).

    params    the distributions that everything is drawn from      profile    what is known of a clip, without its sound
    draw      a clip's tasks, as rows of the table `edit`          spans      where to cut, mask, take a part and put it
    render    input and target from a row and the stored sounds    partners   whose sound is mixed in
    measures  loudness, peak, third-octave spectrum

`render` is all that is needed to hear a task; the rest is what the stage `plan_edits` draws it with. Left out: pitch, speed and
reverberation (a task is about what sounds, not about how it is processed), and masks of more than one span, which the table
could hold.
"""
