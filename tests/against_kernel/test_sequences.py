"""Random programs over several sockets: the kernel and the model answer every call alike."""

from __future__ import annotations

import sys

import pytest

from . import isolated
from .worlds import HAS_MODEL

CALLS = 100_000  # for each seed: a loaded machine does so many in half of the limit
SEEDS = (1, 2)

pytestmark = pytest.mark.skipif(
    not HAS_MODEL or sys.platform != "linux", reason="needs the model, and Linux beside it"
)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_model_answers_random_programs_as_the_kernel_does(seed: int) -> None:
    """Zero differences but the deliberate ones, in 200,000 calls."""
    answer = isolated.run("sequences", "--calls", str(CALLS), "--seed", str(seed), "--enough", "5")
    assert answer.returncode == 0, answer.stdout + answer.stderr


def test_the_model_answers_the_rarer_calls_as_the_kernel_does() -> None:
    """Strange addresses and lengths, short waits, no descriptor left, instances of epoll."""
    answer = isolated.run("sequences", "--of", "wide", "--calls", "30000", "--seed", "1",
                          "--enough", "5")
    assert answer.returncode == 0, answer.stdout + answer.stderr


def test_sockets_that_travel_through_sockets_are_lost_as_the_kernel_loses_them() -> None:
    """Rings, closed while they travel, cut off, looked at: what nobody can receive is closed."""
    answer = isolated.run("sequences", "--of", "rings", "--calls", "1500", "--seed", "1")
    assert answer.returncode == 0, answer.stdout + answer.stderr


def test_both_ends_of_a_connection_acknowledge_when_the_kernel_does() -> None:
    """At once, with what goes back, or late; and Nagle's algorithm waits for that."""
    answer = isolated.run("sequences", "--of", "talk", "--calls", "20000", "--seed", "2")
    assert answer.returncode == 0, answer.stdout + answer.stderr


def test_options_that_meet_have_the_effects_that_they_have_on_the_kernel() -> None:
    """Several on one socket, set again while data comes and goes, with control messages."""
    answer = isolated.run("sequences", "--of", "options", "--calls", "30000", "--seed", "2",
                          "--enough", "5")
    assert answer.returncode == 0, answer.stdout + answer.stderr


def test_the_short_ways_of_the_model_answer_as_its_segments_do() -> None:
    """Whoever looks at a link sees every packet, and a program notices nothing."""
    answer = isolated.run("sequences", "--calls", "30000", "--seed", "1", "--by-segments")
    assert answer.returncode == 0, answer.stdout + answer.stderr


def test_the_model_answers_programs_about_one_feature_as_the_kernel_does() -> None:
    """Multicast, error queues, passed descriptors, epoll, names: line by line."""
    answer = isolated.run("features")
    assert answer.returncode == 0, answer.stdout + answer.stderr


def test_the_model_refuses_wrong_arguments_as_cpython_does() -> None:
    """Each argument of each function and method: another type, too great, below 0."""
    answer = isolated.run("arguments")
    assert answer.returncode == 0, answer.stdout + answer.stderr


def test_of_two_faults_the_kernel_the_model_and_the_docstring_name_the_same_first() -> None:
    """The errors of each call stand in the order of the checks, and that is the kernel's."""
    answer = isolated.run("order")
    assert answer.returncode == 0, answer.stdout + answer.stderr
