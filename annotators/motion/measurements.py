"""Numbers about the picture of a whole clip."""

import numpy as np
from numpy.typing import NDArray

from schemas.evidence import Measured

STILL_FRAC = 0.0005  # share of the picture in motion below which a frame is still
STILL_CAMERA_PX_PER_S = 2.0


def measurements(
    pixels: NDArray[np.uint8],
    moving_fracs: NDArray[np.float64],
    camera_px_per_s: NDArray[np.float64],
    num_cuts: int,
    num_tracks: int,
) -> list[Measured]:
    """Motion, camera and brightness of frames uint8 (T, H, W, 3), T >= 1; the other arrays are (T,)."""
    is_still = (moving_fracs < STILL_FRAC) & (camera_px_per_s < STILL_CAMERA_PX_PER_S)
    brightness = pixels[:, ::4, ::4].mean(axis=(1, 2, 3)) / 255
    numbers = (
        ("moving_area_mean", moving_fracs.mean(), "frac"),
        ("moving_area_max", moving_fracs.max(), "frac"),
        ("camera_speed_mean", camera_px_per_s.mean(), "px/s"),
        ("camera_speed_max", camera_px_per_s.max(), "px/s"),
        ("still_frames", is_still.mean(), "frac"),
        ("brightness_mean", brightness.mean(), "frac"),
        ("brightness_deviation", brightness.std(), "frac"),
        ("num_cuts", num_cuts, "count"),
        ("num_tracks", num_tracks, "count"),
    )
    return [Measured(name=name, value=float(value), unit=unit) for name, value, unit in numbers]
