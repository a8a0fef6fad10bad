import itertools
import math
from collections import Counter

import numpy as np
import pytest

from jazzgen.encoding.context import N_SLOTS
from jazzgen.encoding.vocabulary import Vocabulary
from jazzgen.generation.sequences import respond, sample_sequence, score, to_values

WORDS = Vocabulary("test", ("a", "b", "<UNK>", "<END>"))
A, B, UNK, END = range(4)

# What follows each value, two columns without a symbol included; the last row follows nothing.
ODDS = np.array(
    [
        [0.10, 0.40, 0.20, 0.20, 0.10, 0.00],
        [0.30, 0.10, 0.00, 0.60, 0.00, 0.00],
        [0.25, 0.25, 0.25, 0.25, 0.00, 0.00],
        [0.50, 0.20, 0.05, 0.25, 0.00, 0.00],
        [0.00, 0.00, 0.00, 1.00, 0.00, 0.00],
        [0.00, 0.00, 0.00, 1.00, 0.00, 0.00],
        [0.70, 0.30, 0.00, 0.00, 0.00, 0.00],
    ],
    dtype=np.float32,
)


class Chain:
    """An engine that looks at the last value alone, and remembers what it was fed."""

    def __init__(self, odds=ODDS):
        self.odds = odds
        self.fed = []
        self.contexts = []

    def start(self, rows=1):
        return [np.zeros((rows, 1), dtype=np.float32)]

    def step(self, values, context, state):
        self.fed.append(int(values[0]))
        self.contexts.append(context)
        return self.odds[values], [state[0] + 1]


def test_a_score_by_hand():
    result = score(Chain(), WORDS, ["a", "b"])
    np.testing.assert_allclose(result.each, np.log([0.5, 0.4, 0.6]), rtol=1e-6)
    assert result.log_probability == pytest.approx(math.log(0.12))
    assert result.nats_per_value == pytest.approx(-math.log(0.12) / 3)
    assert result.perplexity == pytest.approx(0.12 ** (-1 / 3))


def test_probabilities_of_all_sequences_sum_to_one():
    # Without the columns that have no symbol nothing is lost: together with what goes on longer
    # than six values, all sequences make up everything.
    odds = ODDS[:, :4] / ODDS[:, :4].sum(axis=1, keepdims=True)
    total = sum(
        math.exp(score(Chain(odds), WORDS, sequence).log_probability)
        for length in range(7)
        for sequence in itertools.product((A, B, UNK), repeat=length)
    )
    going_on = odds[END, :3].astype(float) @ np.linalg.matrix_power(odds[:3, :3].astype(float), 6)
    assert total + going_on.sum() == pytest.approx(1, abs=1e-6)
    assert going_on.sum() < 0.05


def test_perplexity_of_even_odds_is_their_number():
    even = np.full((7, 4), 0.25, dtype=np.float32)
    assert score(Chain(even), WORDS, "abab").perplexity == pytest.approx(4)


def test_boundary_symbols_may_be_there_or_not():
    expected = score(Chain(), WORDS, ["a", "b"]).each
    for values in ([END, A, B, END], [A, B, END], [END, A, B], ["<END>", "a", B]):
        assert np.array_equal(score(Chain(), WORDS, values).each, expected)
    for nothing in ([], [END], [END, END]):
        assert score(Chain(), WORDS, nothing).each == pytest.approx([math.log(0.25)])
    with pytest.raises(ValueError, match="after its end"):
        score(Chain(), WORDS, [A, END, B])


def test_unknown_symbols_are_scored_as_unk():
    engine = Chain()
    result = score(engine, WORDS, ["zebra", "a", "<UNK>", 17, -5])
    assert engine.fed == [END, UNK, A, UNK, UNK, UNK]
    assert result.unknown == 4
    assert result.each[0] == pytest.approx(math.log(0.05))
    assert to_values(WORDS, ["b", "?", np.uint8(0)]) == [B, UNK, A]


@pytest.mark.parametrize("symbol", ["zebra", 2, -1])
def test_unknown_symbols_without_unk_are_refused(symbol):
    with pytest.raises(ValueError, match=r"neither .* nor <UNK>"):
        score(Chain(), Vocabulary("test", ("a", "<END>")), [symbol])


def test_the_impossible_scores_minus_infinity():
    result = score(Chain(), WORDS, ["b", "<UNK>"])
    assert result.log_probability == -math.inf
    assert result.perplexity == math.inf


def test_without_an_end_the_first_value_follows_nothing():
    endless = Vocabulary("test", ("a", "b"))
    engine = Chain()
    assert score(engine, endless, ["a", "b"]).log_probability == pytest.approx(math.log(0.7 * 0.4))
    assert engine.fed == [-1, A]
    drawn = sample_sequence(Chain(), endless, np.random.default_rng(0), max_length=9)
    assert len(drawn.values) == 9
    assert not drawn.ended


def test_samples_are_as_frequent_as_their_probability():
    allowed = ODDS.astype(float)
    allowed[:, [UNK, 4, 5]] = 0
    allowed /= allowed.sum(axis=1, keepdims=True)
    rng = np.random.default_rng(1)
    n = 4000
    counts = Counter(sample_sequence(Chain(), WORDS, rng, max_length=50).values for _ in range(n))
    assert not {v for values in counts for v in values} - {A, B}
    for sequence in [(), (A,), (B,), (A, B), (B, A), (A, B, A), (A, A)]:
        steps = itertools.pairwise((END, *sequence, END))
        p = math.prod(allowed[before, after] for before, after in steps)
        assert counts[sequence] / n == pytest.approx(p, abs=4 * math.sqrt(p * (1 - p) / n))


def test_low_temperature_takes_the_likeliest():
    drawn = sample_sequence(
        Chain(), WORDS, np.random.default_rng(2), max_length=9, temperature=0.01
    )
    assert (drawn.values, drawn.ended) == ((A, B), True)


def test_the_longest_sequence_may_end_by_itself():
    samples = [
        sample_sequence(Chain(), WORDS, np.random.default_rng(seed), max_length=2)
        for seed in range(60)
    ]
    assert {len(s.values) for s in samples} == {0, 1, 2}
    assert {s.ended for s in samples if len(s.values) == 2} == {True, False}
    assert all(s.ended for s in samples if len(s.values) < 2)


def test_the_same_generator_draws_the_same():
    drawn = [
        sample_sequence(Chain(), WORDS, np.random.default_rng(7), max_length=20) for _ in range(2)
    ]
    assert drawn[0] == drawn[1]


def test_context_reaches_the_network():
    rows = np.arange(3 * N_SLOTS, dtype=np.int16).reshape(3, N_SLOTS)
    engine = Chain()
    score(engine, WORDS, ["a", "b"], context=rows)
    assert np.array_equal(np.concatenate(engine.contexts), rows)
    with pytest.raises(ValueError, match="context has shape"):
        score(Chain(), WORDS, ["a"], context=rows)
    seen = []
    engine = Chain()
    drawn = sample_sequence(
        engine,
        WORDS,
        np.random.default_rng(3),
        max_length=5,
        context=lambda values: (seen.append(tuple(values)), rows[:1])[1],
    )
    assert seen == [drawn.values[:i] for i in range(len(seen))]
    assert all(np.array_equal(c, rows[:1]) for c in engine.contexts)


@pytest.mark.parametrize("setting", [{"temperature": 0.0}, {"top_p": 1.5}, {"max_length": -1}])
def test_senseless_settings_are_refused(setting):
    with pytest.raises(ValueError, match="must be"):
        sample_sequence(Chain(), WORDS, np.random.default_rng(0), **{"max_length": 3, **setting})


def test_an_answer_is_drawn_from_what_the_phrase_made():
    class Answers:
        def answering(self, call):
            self.call = call
            return Chain()

    network = Answers()
    answer = respond(network, WORDS, ["b", "?"], np.random.default_rng(8), max_length=20)
    assert network.call == [B, UNK]
    assert answer == sample_sequence(Chain(), WORDS, np.random.default_rng(8), max_length=20)
