"""Collecting the facts of a clip: every table, one clip, and names that are only nearly right."""

from collections.abc import Iterator

import numpy as np
import pytest

from flows.inspect.facts import clip_media, collect_facts, find_clip
from pipeline.catalog import Catalog
from schemas.errors import RootError
from schemas.layout import Dataset
from schemas.media import Clip
from tests.flows import bouncing_clip
from tests.flows.bouncing_clip import CLIP_ID
from tests.flows.bouncing_dataset import FINGERPRINTS, make_dataset


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return make_dataset(tmp_path_factory.mktemp("facts"))


@pytest.fixture(scope="module")
def catalog(dataset: Dataset) -> Iterator[Catalog]:
    with Catalog(dataset) as opened:
        yield opened


def test_the_facts_are_the_rows_that_were_written(catalog: Catalog) -> None:
    found, written = collect_facts(catalog, CLIP_ID), bouncing_clip.facts()
    assert found.to_json() == written.to_json()


def test_only_rows_of_the_clip_itself_are_collected(tmp_path_factory: pytest.TempPathFactory) -> None:
    dataset = make_dataset(tmp_path_factory.mktemp("two"))
    other = bouncing_clip.clip().model_copy(update={"clip_id": "other_0_1000", "source_id": "other"})
    ring = bouncing_clip.heard("s000", "ring", 0.0, 1.0).model_copy(update={"clip_id": "other_0_1000"})
    dataset.write_part(type(ring), [ring], "detect_events", FINGERPRINTS["detect_events"], 1, {})
    dataset.write_part(Clip, [other], "ingest", FINGERPRINTS["ingest"], 1, {})
    with Catalog(dataset) as catalog:
        facts = collect_facts(catalog, "other")
        assert [event.kind for event in facts.heard] == ["ring"]
        assert facts.source is None
        assert facts.cots == []
        assert len(collect_facts(catalog, CLIP_ID).heard) == 5


def test_a_beginning_that_only_one_clip_has_is_enough(catalog: Catalog) -> None:
    assert find_clip(catalog, CLIP_ID[:8]) == CLIP_ID


def test_a_beginning_that_several_clips_share_is_refused(tmp_path_factory: pytest.TempPathFactory) -> None:
    dataset = make_dataset(tmp_path_factory.mktemp("shared"))
    longer = bouncing_clip.clip().model_copy(update={"clip_id": f"{CLIP_ID}0"})
    dataset.write_part(Clip, [longer], "ingest", FINGERPRINTS["ingest"], 1, {})
    with Catalog(dataset) as catalog:
        with pytest.raises(RootError, match="2 clips begin with"):
            find_clip(catalog, CLIP_ID[:8])
        assert find_clip(catalog, CLIP_ID) == CLIP_ID, "a whole id wins, although another begins with it"


@pytest.mark.parametrize("given", [CLIP_ID[1:], "", "'", "%"])
def test_a_clip_that_is_not_there_names_near_ones(catalog: Catalog, given: str) -> None:
    with pytest.raises(RootError, match=CLIP_ID):
        find_clip(catalog, given)


def test_a_dataset_without_clips_says_so(tmp_path_factory: pytest.TempPathFactory) -> None:
    with (
        Catalog(Dataset.create(str(tmp_path_factory.mktemp("empty")))) as catalog,
        pytest.raises(RootError, match="has no clips"),
    ):
        find_clip(catalog, "a")


def test_the_media_of_a_clip_is_that_of_its_shard(dataset: Dataset) -> None:
    media = clip_media(dataset, bouncing_clip.clip())
    assert media.duration_s == pytest.approx(bouncing_clip.DURATION_S)
    picture = media.frames(1.0, bouncing_clip.WIDTH_PX).pixels[1]
    x0, y0, x1, y1 = (round(edge) for edge in bouncing_clip.ball_box(1.0))
    red, _, blue = picture[(y0 + y1) // 2, (x0 + x1) // 2].astype(int)
    assert red > blue + 80
    assert np.abs(media.sound().samples).max() > 0.3


def test_a_clip_whose_media_is_gone_is_one_clear_line(dataset: Dataset) -> None:
    gone = bouncing_clip.clip().model_copy(update={"clip_id": "gone_0_1000"})
    with pytest.raises(RootError, match="has no media of clip gone_0_1000"):
        clip_media(dataset, gone)
