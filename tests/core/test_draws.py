"""Draws: a hash of (seed, stream, key), uniform, and independent of everything else."""

import os
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradeworthy.core.draws import draw, mix, word_of

GOLDEN = 0x9E3779B97F4A7C15
WORD = st.integers(0, (1 << 64) - 1)
PINNED = (0.06447054798681406, 0.4895740125487176, 0.8149123206010533)
KEY = st.one_of(st.integers(), st.text(max_size=20))


@pytest.mark.parametrize(
    ("seed", "outputs"),
    [
        (0, [0xE220A8397B1DCDAF, 0x6E789E6AA1B965F4, 0x06C45D188009454F, 0xF88BB8A8724C81EC]),
        (1234567, [6457827717110365317, 3203168211198807973, 9817491932198370423, 4593380528125082431]),
    ],
)
def test_mix_is_splitmix64(seed: int, outputs: list[int]) -> None:
    """The first outputs of the published generator, from two seeds."""
    assert [mix((seed + step * GOLDEN) % (1 << 64)) for step in range(4)] == outputs


@given(WORD, st.integers(0, 63))
def test_one_bit_more_changes_about_half_of_the_word(word: int, bit: int) -> None:
    """Neighbouring keys have nothing in common: each flipped bit flips many."""
    flipped = (mix(word) ^ mix(word ^ (1 << bit))).bit_count()
    assert 10 <= flipped <= 54


@given(WORD, KEY, KEY)
def test_a_draw_is_a_number_below_one(seed: int, stream: int | str, key: int | str) -> None:
    """It is at least 0 and under 1, a multiple of 2^-53, and the same each time."""
    drawn = draw(seed, stream, key)
    assert 0.0 <= drawn < 1.0
    assert (drawn * 2.0**53).is_integer()
    assert draw(seed, stream, key) == drawn


def test_the_draws_are_pinned() -> None:
    """A change of the formula would make every recorded run diverge: these are its values."""
    assert draw(7, "fills/latency", 12) == PINNED[0]
    assert draw(7, 1, "BTC") == PINNED[1]
    assert draw(-1, "", 0) == PINNED[2]


def test_words_of_text_and_numbers() -> None:
    """Integers are taken modulo 2^64; a text is not the number it spells."""
    assert word_of(-1) == (1 << 64) - 1
    assert word_of(1 << 64) == 0
    assert word_of("5") != 5


def test_the_draws_of_a_stream_are_uniform() -> None:
    """Chi-square over 64 bins of 32,768 draws, by integer and by text keys: within five sigma."""
    for keys in (range(32_768), [f"BTC/{n}" for n in range(32_768)]):
        bins = [0] * 64
        for key in keys:
            bins[int(draw(42, "s", key) * 64)] += 1
        chi_square = sum((count - 512) ** 2 / 512 for count in bins)
        assert abs(chi_square - 63) < 5 * (2 * 63) ** 0.5


@pytest.mark.parametrize(("one", "other"), [((1, "a"), (2, "a")), ((1, "a"), (1, "b")), ((1, 1), (1, 2))])
def test_streams_and_seeds_are_independent(one: tuple[int, int | str], other: tuple[int, int | str]) -> None:
    """The draws of two seeds, or of two streams, at the same keys are uncorrelated, also one key apart."""
    count = 20_000
    left = [draw(*one, key) - 0.5 for key in range(count)]
    for shift in (0, 1):
        right = [draw(*other, key + shift) - 0.5 for key in range(count)]
        correlation = 12 * sum(a * b for a, b in zip(left, right, strict=True)) / count
        assert abs(correlation) < 5 / count**0.5


@pytest.mark.parametrize("hash_seed", ["0", "1", "4242"])
def test_the_hash_seed_of_the_process_does_not_matter(hash_seed: str) -> None:
    """Another process, with another PYTHONHASHSEED, draws the same."""
    code = "from tradeworthy.core.draws import draw; print([draw(3, 's', k) for k in ('a', 'b', 1)])"
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
    answer = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True, timeout=60
    )
    assert answer.stdout.strip() == str([draw(3, "s", key) for key in ("a", "b", 1)])
