"""The two segmenters: built as their libraries build them, one beside the other, quiet, and following what they are shown."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from annotators.grounded.sam2_hf import Sam2Hf
from annotators.grounded.sam2_package import Sam2Package
from annotators.grounded.segmenter import Followed, Segmenter
from annotators.weights import WeightsParams
from schemas.errors import ModelError
from tests.annotators.grounded.trackers import pictures
from tests.checkpoints import sam2

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.models

BOXES = [np.array([5.0, 5, 40, 40]), np.array([30.0, 10, 80, 50])]
KINDS = [(Sam2Package, sam2.make), (Sam2Hf, sam2.make_hf)]


def weights(folder: Path, **more: Any) -> WeightsParams:
    return WeightsParams.model_validate({"model": str(folder), "dtype": "float32", "device": "cpu"} | more)


@pytest.fixture(scope="module", params=KINDS, ids=lambda pair: pair[0].__name__)
def segmenter(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Segmenter:
    kind, maker = request.param
    made: Segmenter = kind(weights(maker(tmp_path_factory.mktemp("sam2"))))
    made.load()
    return made


def follow(segmenter: Segmenter, seed: int = 0, first: int = 0, boxes: list[Any] = BOXES) -> Followed:
    return segmenter.follow(segmenter.open(pictures(seed)), first, boxes)


def is_same(one: Followed, other: Followed) -> bool:
    return np.array_equal(one.masks, other.masks) and np.array_equal(one.scores, other.scores)


def test_there_is_a_mask_in_the_size_of_the_pictures_from_the_first_to_the_last(segmenter: Segmenter) -> None:
    found = follow(segmenter, first=3)
    assert found.masks.shape == (2, 5, 60, 90)
    assert found.masks.dtype == bool
    assert found.scores.shape == (2, 5)
    assert ((found.scores > 0.5) == found.masks.any(axis=(2, 3))).all(), "a mean of probabilities above a half, or nothing"
    assert found.scores.max() <= 1


def test_the_pictures_decide_and_the_boxes(segmenter: Segmenter) -> None:
    first = follow(segmenter)
    assert is_same(first, follow(segmenter))
    assert not np.array_equal(first.masks, follow(segmenter, seed=1).masks)
    assert not np.array_equal(first.masks, follow(segmenter, boxes=[box + 8 for box in BOXES]).masks)


def test_a_video_can_be_followed_again_from_another_picture_as_if_for_the_first_time(segmenter: Segmenter) -> None:
    video = segmenter.open(pictures(0))
    segmenter.follow(video, 0, BOXES)
    assert is_same(segmenter.follow(video, 4, BOXES[:1]), follow(segmenter, first=4, boxes=BOXES[:1]))


def test_the_models_see_the_colours_that_were_there(segmenter: Segmenter) -> None:
    colour = np.array([230, 120, 20], np.uint8)
    video = segmenter.open(np.broadcast_to(colour, (2, 60, 90, 3)).copy())
    seen = video["images"][0] if isinstance(video, dict) else video.processed_frames[0]
    mean, spread = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])  # of ImageNet
    assert seen.mean(dim=(1, 2)).numpy() * spread + mean == pytest.approx(colour / 255, abs=0.01)


def test_things_are_followed_as_if_each_were_alone(segmenter: Segmenter) -> None:
    both = follow(segmenter)
    for number, box in enumerate(BOXES):
        alone = follow(segmenter, boxes=[box])
        assert (alone.masks[0] == both.masks[number]).mean() > 0.999
        assert alone.scores[0] == pytest.approx(both.scores[number], abs=1e-4)


def test_nothing_is_printed(segmenter: Segmenter, capfd: pytest.CaptureFixture[str]) -> None:
    follow(segmenter)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(("kind", "maker"), KINDS)
def test_a_smaller_number_format_gives_nearly_the_same_masks(kind: type[Any], maker: Any, tmp_path: Path) -> None:
    folder = maker(tmp_path)
    exact, coarse = kind(weights(folder)), kind(weights(folder, dtype="bfloat16"))
    exact.load()
    coarse.load()
    assert (follow(exact).masks == follow(coarse).masks).mean() > 0.95


def test_attention_implementations_agree_and_one_that_is_not_there_is_named(tmp_path: Path) -> None:
    folder = sam2.make_hf(tmp_path)
    sdpa, eager = Sam2Hf(weights(folder)), Sam2Hf(weights(folder, attention="eager"))
    for made in (sdpa, eager):
        made.load()
    assert eager.model.config._attn_implementation == "eager"
    assert follow(sdpa).scores == pytest.approx(follow(eager).scores, abs=1e-4)
    with pytest.raises(ModelError, match=r"transformers cannot load .*[Ff]lash"):
        Sam2Hf(weights(folder, attention="flash_attention_2")).load()


def test_models_of_the_package_live_side_by_side_and_leave_its_global_store_alone(tmp_path: Path) -> None:
    import sam2 as package
    from hydra.core.global_hydra import GlobalHydra

    assert package.__file__
    store = GlobalHydra.instance().hydra
    one, two = (Sam2Package(weights(sam2.make(tmp_path / str(seed), seed))) for seed in (0, 1))
    one.load()
    before = follow(one)
    two.load()
    assert is_same(follow(one), before)
    assert not np.array_equal(follow(two).masks, before.masks)
    assert GlobalHydra.instance().hydra is store


def test_a_predictor_is_what_the_builder_of_the_package_makes(tmp_path: Path) -> None:
    """But for the filling of holes, which depends on a compiled extension. Its smallest configuration, random weights."""
    from sam2.build_sam import HF_MODEL_ID_TO_FILENAMES, build_sam2_video_predictor

    configuration, file = HF_MODEL_ID_TO_FILENAMES["facebook/sam2.1-hiera-tiny"]
    theirs = build_sam2_video_predictor(configuration, device="cpu")
    torch.save({"model": theirs.state_dict()}, tmp_path / file)
    ours = Sam2Package(weights(tmp_path))
    ours.load()
    assert type(ours.predictor) is type(theirs)
    assert not ours.predictor.training
    assert _settings(ours.predictor) == _settings(theirs) | {"": _settings(theirs)[""] | {"fill_hole_area": 0}}
    for name, tensor in theirs.state_dict().items():
        assert torch.equal(ours.predictor.state_dict()[name], tensor), name


def _settings(model: Any) -> dict[str, dict[str, Any]]:
    """The plain values that every module of a model was made with."""
    plain = (bool, int, float, str, type(None), tuple)
    return {
        name: {key: value for key, value in vars(module).items() if isinstance(value, plain)}
        for name, module in model.named_modules()
    }


def test_every_checkpoint_that_the_package_knows_has_its_configuration(tmp_path: Path) -> None:
    from sam2.build_sam import HF_MODEL_ID_TO_FILENAMES

    from annotators.grounded.sam2_package import _config

    for _, file in HF_MODEL_ID_TO_FILENAMES.values():
        assert _config(tmp_path, tmp_path / file).model.image_size == 1024, file


def test_a_checkpoint_of_the_package_that_does_not_fit_is_one_line(tmp_path: Path) -> None:
    folder = sam2.make(tmp_path)
    whole = (folder / "sam2.pt").read_bytes()
    (folder / "sam2.pt").write_bytes(whole[:1000])
    with pytest.raises(ModelError, match="sam2 cannot load") as told:
        Sam2Package(weights(folder)).load()
    assert "\n" not in str(told.value)
    (folder / "sam2.pt").write_bytes(whole)
    (folder / "config.yaml").unlink()
    with pytest.raises(ModelError, match=r"sam2\.pt must be one of sam2.*, or have its config\.yaml beside it"):
        Sam2Package(weights(folder)).load()
    (folder / "sam2.pt").rename(folder / "sam2.1_hiera_tiny.pt")
    with pytest.raises(ModelError, match=r"sam2 cannot load .*state_dict"):
        Sam2Package(weights(folder)).load()
    (folder / "another.pt").write_bytes(whole)
    with pytest.raises(ModelError, match=r"must hold one SAM 2 checkpoint \(\*\.pt\), it holds 2"):
        Sam2Package(weights(folder)).load()


def test_the_package_computes_in_no_half_precision_on_the_cpu_and_says_so(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="dtype must be bfloat16 or float32 on the cpu, got float16"):
        Sam2Package(weights(tmp_path, dtype="float16")).load()
