"""Media in and out: everything that opens, cuts, encodes or decodes a file lives here.

`probe` says what a file is, `windows` which spans become clips, `transcode` makes a clip's silent video and its sound,
`clip_media` decodes stored clips for annotators, `clip_tar` keeps them in shard tars, `ffmpeg` runs the one binary that
all of this rests on. Knows nothing of stages, tables on disk or the engine.

Files of strangers are decoded in child processes with limits only (`probe`, `ffmpeg`); what we wrote ourselves may be
decoded in process (`clip_media`).
"""
