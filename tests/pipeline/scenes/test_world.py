import numpy as np
import pytest

from pipeline.scenes.world import GRAVITY_M_PER_S2, MIN_BOUNCE_INTERVAL_S, Bouncing, Camera, Gliding, Staying, Swinging

CAMERA = Camera(320, 240)
BALL = Bouncing(x_m=0.0, z_m=2.0, radius_m=0.15, start_s=0.5, drop_m=0.8, drift_m_per_s=0.1, restitution=0.8)


def test_a_ball_bounces_when_free_fall_says_so() -> None:
    bounces = BALL.bounces()
    fall_s = np.sqrt(2 * 0.8 / GRAVITY_M_PER_S2)
    assert bounces[0] == pytest.approx((0.5 + fall_s, GRAVITY_M_PER_S2 * fall_s))
    assert bounces[1] == pytest.approx((0.5 + fall_s * (1 + 2 * 0.8), 0.8 * GRAVITY_M_PER_S2 * fall_s))


def test_bounces_never_follow_closer_than_a_roll_would() -> None:
    times = [time_s for time_s, _ in BALL.bounces()]
    assert min(np.diff(times)) >= MIN_BOUNCE_INTERVAL_S > 0.15


def test_a_ball_touches_the_ground_exactly_at_its_bounces_and_rests_after_the_last() -> None:
    times = np.array([time_s for time_s, _ in BALL.bounces()])
    at_bounce = BALL(times)
    np.testing.assert_allclose(at_bounce.y_m, 0.15 * at_bounce.scale_y, atol=1e-9)
    between = BALL((times[1:] + times[:-1]) / 2)
    assert (between.y_m > 0.17).all()
    later = BALL(np.array([times[-1] + 1, times[-1] + 2]))
    np.testing.assert_allclose(later.y_m, 0.15, atol=1e-6)
    assert later.x_m[0] == later.x_m[1]


def test_a_thing_twice_as_far_looks_half_as_big() -> None:
    near, _ = CAMERA.project(np.array([0.0, 1.0]), np.zeros(2), np.full(2, 2.0))
    far, _ = CAMERA.project(np.array([0.0, 1.0]), np.zeros(2), np.full(2, 4.0))
    assert np.ptp(near) == pytest.approx(2 * np.ptp(far))


@pytest.mark.parametrize("frac", [0.0, 0.25, 0.5, 1.0])
def test_places_of_the_picture_lead_to_the_world_and_back(frac: float) -> None:
    x_px, y_px = CAMERA.project(np.array([CAMERA.x_at(frac, 3.0)]), np.array([CAMERA.y_at(frac, 3.0)]), np.array([3.0]))
    assert (x_px[0], y_px[0]) == pytest.approx((frac * 320, frac * 240))


def test_pan_is_zero_in_the_middle_and_grows_to_the_right_up_to_a_limit() -> None:
    x = np.array([CAMERA.x_at(frac, 2.0) for frac in (0.0, 0.5, 0.75, 1.0, 3.0)])
    np.testing.assert_allclose(CAMERA.pan(x, np.full(5, 2.0)), [-0.8, 0.0, 0.4, 0.8, 0.95], atol=1e-12)


def test_an_uneven_traveller_leaves_and_arrives_on_time_and_its_speed_is_the_slope_of_its_way() -> None:
    motion = Gliding((-1.0, 0.0, 2.0), (1.0, 0.0, 2.0), 1.0, 5.0, unevenness=0.6)
    ends = motion(np.array([0.0, 1.0, 5.0, 6.0])).x_m
    np.testing.assert_allclose(ends, [-1, -1, 1, 1], atol=1e-12)
    times = np.linspace(1.1, 4.9, 50)
    slope = (motion(times + 1e-5).x_m - motion(times - 1e-5).x_m) / 2e-5
    np.testing.assert_allclose(slope, 0.5 * motion.speed(times), rtol=1e-6)


def test_a_pendulum_is_at_an_end_of_its_swing_at_every_tick() -> None:
    motion = Swinging((0.0, 1.0, 2.0), first_end_s=0.4, half_period_s=0.9, swing_rad=0.5)
    np.testing.assert_allclose(motion(0.4 + 0.9 * np.arange(4)).angle_rad, [0.5, -0.5, 0.5, -0.5])


def test_a_struck_thing_is_still_before_the_hit_and_swings_after_it() -> None:
    motion = Staying((0.0, 1.0, 2.0), hits_s=[1.0], swing_rad=0.4)
    angles = np.abs(motion(np.array([0.0, 0.99, 1.25])).angle_rad)
    assert angles[0] == angles[1] == 0
    assert angles[2] > 0.2
