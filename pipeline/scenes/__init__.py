"""Rendered scenes: short videos with sound from a small physical world in which everything is known.

    compose   seed → who is there, what they do, which traps are set
    actors    per sound class: motion and sound from the same numbers        world     camera and motions
    impacts, sustained   the sounds themselves                               shapes    what things look like
    mix       distance, pan, ambience → stems and mix                        measure   stems → truth about sounds
    picture   frames and boxes                                               render    mp4 files and the truth table
    truth     the rows of the truth table

`python -m pipeline.scenes --seed 100 --num 5 --output DIR` renders. To add a sound class: its name in `truth`, its sound in
`impacts` or `sustained`, its shape in `shapes`, its actor in `actors`; the tests then ask for it.

Left out: reverberation, Doppler, air absorption, textures and light. They would blur what is true without making any
detector's task more honest at this stage.
"""

from pipeline.scenes.render import render_scenes
from pipeline.scenes.truth import SceneTruth, ThingTruth, TruthBox, TruthEvent, load_truth, truth_path

__all__ = ["SceneTruth", "ThingTruth", "TruthBox", "TruthEvent", "load_truth", "render_scenes", "truth_path"]
