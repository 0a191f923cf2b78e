"""Decoded media of the clips a worker is busy with, so that the stages of one shard decode a clip once.

The engine keeps the stages of a shard on one worker where it can; this cache is what makes that pay. It is bounded by clips,
not bytes: a clip at the sizes that the embedded models ask for is about 25 MB.
"""

from collections import OrderedDict
from collections.abc import Callable
from functools import partial

from annotators.media import Frames, Sound
from pipeline.media.clip_media import StoredMedia
from pipeline.media.clip_tar import ClipTar, damage_told
from schemas.media import Clip
from schemas.storage import Storage


class MediaCache:
    """Least recently used clips are dropped first."""

    def __init__(self, max_clips: int = 24) -> None:
        self._max_clips = max_clips
        self._media: OrderedDict[tuple[str, str], StoredMedia] = OrderedDict()
        self._tar: tuple[str, ClipTar] | None = None

    def get(self, storage: Storage, tar_path: str, clip: Clip) -> StoredMedia:
        """What is stored of a clip in the tar of its shard. RootError if the tar is damaged."""
        key = (storage.full(tar_path), clip.clip_id)
        if key in self._media:
            self._media.move_to_end(key)
            return self._media[key]
        if self._tar is None or self._tar[0] != key[0]:
            if self._tar is not None:
                self._tar[1].close()
            self._tar = (key[0], ClipTar(partial(storage.open, tar_path)))
        with damage_told(tar_path):
            media = StoredMedia.from_tar(self._tar[1], clip)
        self._media[key] = media
        if len(self._media) > self._max_clips:
            self._media.popitem(last=False)
        return media


class LazyMedia:
    """The `Media` of a stored clip. Costs nothing until somebody listens or looks."""

    def __init__(self, cache: MediaCache, storage: Storage, tar_path: str, clip: Clip) -> None:
        self.clip_id = clip.clip_id
        self.duration_s = clip.duration_s
        self.has_video = clip.has_video
        self._open: Callable[[], StoredMedia] = partial(cache.get, storage, tar_path, clip)

    def sound(self, rate_hz: int | None = None) -> Sound:
        return self._open().sound(rate_hz)

    def frames(self, fps: float, max_side_px: int) -> Frames:
        return self._open().frames(fps, max_side_px)
