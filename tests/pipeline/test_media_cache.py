"""Decoded media of the clips in work: opened when somebody listens, decoded once, dropped when not used for longest."""

import io
from pathlib import Path
from typing import IO

import numpy as np
import pytest
import soundfile

from pipeline.media.clip_tar import write_tar
from pipeline.media_cache import LazyMedia, MediaCache
from schemas.errors import RootError
from schemas.storage import Storage
from tests.pipeline.spelling import clip

TAR = "clips/shard-000000.tar"


class CountingStorage(Storage):
    """Knows how often its files were opened."""

    num_opened = 0

    def open(self, path: str) -> IO[bytes]:
        self.num_opened += 1
        return super().open(path)


@pytest.fixture
def storage(tmp_path: Path) -> CountingStorage:
    """A tar of three clips of one second, the first of silence, the second at level 0.25, the third at 0.5."""
    storage = CountingStorage(str(tmp_path))
    with storage.create(TAR) as sink:
        write_tar(sink, ((f"{name}.flac", flac(level)) for name, level in (("a", 0.0), ("b", 0.25), ("c", 0.5))))
    return storage


def flac(level: float) -> bytes:
    sink = io.BytesIO()
    soundfile.write(sink, np.full(8000, level), 8000, format="FLAC")
    return sink.getvalue()


def lazy(cache: MediaCache, storage: Storage, name: str) -> LazyMedia:
    return LazyMedia(cache, storage, TAR, clip(name))


def test_media_cost_nothing_until_somebody_listens(storage: CountingStorage) -> None:
    media = LazyMedia(MediaCache(), storage, "clips/absent.tar", clip("a"))
    assert (media.clip_id, media.duration_s, media.has_video) == ("a", 1.0, False)
    assert storage.num_opened == 0
    with pytest.raises(RootError, match="missing or damaged"):
        media.sound()


def test_each_clip_has_its_own_sound_and_the_tar_is_opened_once(storage: CountingStorage) -> None:
    cache = MediaCache()
    levels = [float(lazy(cache, storage, name).sound().mono.mean()) for name in ("c", "a", "b", "a")]
    assert levels == pytest.approx([0.5, 0.0, 0.25, 0.0], abs=1e-4)
    assert storage.num_opened == 1


def test_whoever_asks_for_the_same_clip_gets_what_was_decoded_before(storage: CountingStorage) -> None:
    cache = MediaCache()
    first, second = lazy(cache, storage, "b"), lazy(cache, storage, "b")
    assert first.sound() is second.sound()
    assert first.sound(4000) is second.sound(4000)
    assert first.frames(5, 64) is not None


def test_the_clip_not_used_for_longest_is_dropped_first(storage: CountingStorage) -> None:
    cache = MediaCache(max_clips=2)
    one, two = (cache.get(storage, TAR, clip(name)) for name in ("a", "b"))
    assert cache.get(storage, TAR, clip("a")) is one
    cache.get(storage, TAR, clip("c"))
    assert cache.get(storage, TAR, clip("a")) is one, "used after b, so b had to go"
    assert cache.get(storage, TAR, clip("b")) is not two


def test_clips_of_the_same_name_in_two_tars_are_two_clips(storage: CountingStorage) -> None:
    with storage.create("clips/other.tar") as sink:
        write_tar(sink, [("a.flac", flac(0.5))])
    cache = MediaCache()
    here = cache.get(storage, TAR, clip("a")).sound()
    there = cache.get(storage, "clips/other.tar", clip("a")).sound()
    assert (here.samples.max(), there.samples.max()) == pytest.approx((0.0, 0.5), abs=1e-4)
