"""Vocabularies and their fingerprints."""

import hashlib
import json

import pytest

from jazzgen.encoding.vocabulary import END, N_VALUES, UNKNOWN, Vocabulary

SMALL = Vocabulary("grammar", ("a", "b", END, UNKNOWN))


def test_special_columns():
    assert (SMALL.end, SMALL.unknown) == (2, 3)
    assert (Vocabulary("grammar", ("a",)).end, Vocabulary("grammar", ("a",)).unknown) == (
        None,
        None,
    )


def test_at_most_78_distinct_symbols():
    symbols = tuple(map(str, range(N_VALUES)))
    assert Vocabulary("grammar", symbols).symbols == symbols
    with pytest.raises(ValueError, match="78 distinct"):
        Vocabulary("grammar", (*symbols, "one more"))
    with pytest.raises(ValueError, match="78 distinct"):
        Vocabulary("grammar", ("a", "b", "a"))


def test_json_there_and_back():
    assert Vocabulary.from_json(json.loads(json.dumps(SMALL.to_json()))) == SMALL


def test_fingerprint_tells_symbols_order_and_encoding():
    others = [
        Vocabulary("interval", SMALL.symbols),
        Vocabulary("grammar", ("b", "a", END, UNKNOWN)),
        Vocabulary("grammar", ("a", "b", END)),
        Vocabulary("grammar", ("a,b", END, UNKNOWN)),
    ]
    assert len({vocabulary.sha256 for vocabulary in [SMALL, *others]}) == 5


def test_fingerprint_stays_what_it_is():
    """Stored datasets and models carry it."""
    text = b'["grammar", ["\\u00e4", "b", "<END>"]]'
    assert Vocabulary("grammar", ("ä", "b", END)).sha256 == hashlib.sha256(text).hexdigest()


@pytest.mark.parametrize("key", ["symbols", "sha256", "encoding"])
def test_what_was_tampered_with_is_refused(key):
    tampered = {**SMALL.to_json(), key: ["a", "c"] if key == "symbols" else "interval"}
    with pytest.raises(ValueError, match="fingerprint"):
        Vocabulary.from_json(tampered)


def test_symbols_must_be_a_list():
    with pytest.raises(ValueError, match="not a list"):
        Vocabulary.from_json({**SMALL.to_json(), "symbols": 3})
