"""Can a machine tell generated solos from real ones, and by what?

A classifier two-sample test (Lopez-Paz & Oquab, Revisiting classifier two-sample tests, ICLR 2017;
Friedman, On multivariate goodness-of-fit and two-sample testing, 2003): both sets are cut into
windows of eight bars (`window_features`), and two classifiers, boosted trees and a logistic
regression, learn to tell windows of one set from windows of the other. What they score on tunes
they have not seen is reported as AUC: the probability that, of a generated and a real window taken
at random, the generated one is held to be the generated one. 0.5 is a perfect disguise, 1 none. It
is reported as it comes out; by chance it can lie below 0.5.

Conventions:
    Each solo belongs to a *group*, the tune. All windows of a group, real and generated, lie in one
    fold of the cross-validation, so that nobody is recognised by the tune. Give both sides the same
    tunes, or nearly, and cut them to as many bars, or the test finds what the changes and the
    lengths tell.

    The AUC is taken *within folds*: every pair of a generated and a real window of one fold counts
    once, pairs across folds do not. Scores of different folds come from different classifiers and
    have no common scale; pooled, a fold whose training set held a few more generated windows scores
    higher as a whole, which biases the AUC (Airola et al., A comparison of AUC estimators in
    small-sample studies, MLSB 2009). How tunes happen to fall into folds moves the AUC by a
    hundredth or two; therefore the whole is done for several partitions, and pairs of all of them
    count.

    The result is that of the classifier which does better, since a disguise is as good as whoever
    sees through it. The larger of two is a little above 0.5 on average where there is nothing to
    see: read it beside `real_against_real`.

    The interval is a bootstrap over groups, for windows of one tune are not independent. The
    classifiers are not trained again for it: it says how much the AUC depends on the tunes that
    were judged, not how much on those that were learned from.

    Everything depends on the seed alone. The classifiers run on one thread, so that no sum is taken
    in another order on another machine; at some thousand windows more would not be faster.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from jazzgen.errors import EvaluationError
from jazzgen.evaluation.metrics import Solo
from jazzgen.evaluation.window_features import FEATURES, WINDOW_BARS, FloatArray, window_table
from jazzgen.music.notes import IntArray

BoolArray = npt.NDArray[np.bool_]

MIN_WINDOWS: Final = 20
"""Windows that each side needs: as many as a leaf of the trees holds."""

_RESAMPLES: Final = 2000  # of the bootstrap
_PERMUTATIONS: Final = 2  # of each feature in each fold of each partition
_BATCH: Final = 100_000  # shuffled windows that are scored at once


@dataclass(frozen=True, slots=True)
class Tell:
    """A feature, and how far it gives the machine away.

    Attributes:
        feature: its name in `window_features.FEATURES`.
        family: its family there.
        real: mean over real windows in which it is defined; NaN where there is none.
        generated: the same of generated windows.
        auc: of this feature alone, without any classifier, over all pairs of windows in which it
            is defined; 0.5 to 1, whichever way it differs.
        importance: what the reported AUC loses when the feature's values are shuffled among the
            windows of a held-out fold. About 0, or less by chance, where the classifier does not
            need it; that is also so where another feature says the same.
    """

    feature: str
    family: str
    real: float
    generated: float
    auc: float
    importance: float


@dataclass(frozen=True, slots=True)
class TwoSample:
    """How well generated windows are told from real ones.

    Attributes:
        auc: of the classifier that does better, 0 to 1; 0.5 is a perfect disguise.
        low: lower end of its 95 % interval.
        high: upper end.
        trees: AUC of the boosted trees.
        logistic: AUC of the logistic regression.
        windows_real: number of real windows.
        windows_generated: number of generated windows.
        tells: every feature, the most important for the reported classifier first.
    """

    auc: float
    low: float
    high: float
    trees: float
    logistic: float
    windows_real: int
    windows_generated: int
    tells: tuple[Tell, ...]


@dataclass(frozen=True, slots=True)
class RealAgainstReal:
    """What `two_sample` says of sets between which there is no difference but chance.

    Attributes:
        auc: mean over the draws.
        low: 2.5th percentile of the draws.
        high: 97.5th percentile.
        draws: the AUC of each draw.
    """

    auc: float
    low: float
    high: float
    draws: tuple[float, ...]


def two_sample(
    real: Sequence[tuple[str, Solo]],
    generated: Sequence[tuple[str, Solo]],
    *,
    seed: int = 0,
    folds: int = 5,
    partitions: int = 3,
) -> TwoSample:
    """Tells generated solos from real ones.

    Args:
        real: group (the tune) and solo.
        generated: the same; a tune has the same name on both sides.
        seed: of the folds, the shuffling and the bootstrap.
        folds: of the cross-validation, at least 2.
        partitions: how often the groups are divided into folds, at least 1.

    Raises:
        EvaluationError: too few groups or windows on a side.
    """
    sample = _Sample.of([*real, *generated], np.repeat([False, True], [len(real), len(generated)]))
    rng = np.random.Generator(np.random.PCG64(seed))
    judged = _judge(sample, folds, partitions, seed, rng)
    low, high = _interval(judged, sample, rng)
    importance = _importance(judged, sample, rng)
    tells = [
        _tell(i, sample.features[~sample.generated, i], sample.features[sample.generated, i], drop)
        for i, drop in enumerate(importance)
    ]
    return TwoSample(
        auc=max(judged.aucs),
        low=low,
        high=high,
        trees=judged.aucs[0],
        logistic=judged.aucs[1],
        windows_real=int(np.count_nonzero(~sample.generated)),
        windows_generated=int(np.count_nonzero(sample.generated)),
        tells=tuple(sorted(tells, key=lambda tell: (-tell.importance, -tell.auc))),
    )


def real_against_real(
    real: Sequence[tuple[str, Solo]], *, seed: int = 0, repeats: int = 10, folds: int = 5
) -> RealAgainstReal:
    """What real solos reach against other real solos: the disguise that a perfect model has.

    In each draw the groups are divided at random; one half of them plays the generated ones. A
    group is on one side only and, as ever, in one fold. Each draw is partitioned once, so single
    draws vary a little more than `two_sample` does.

    Args:
        real: group (the tune) and solo.
        seed: of the draws and all that follows.
        repeats: number of draws, at least 1.
        folds: as of `two_sample`.

    Raises:
        EvaluationError: too few groups or windows to divide.
    """
    if repeats < 1:
        raise ValueError("at least one draw")
    sample = _Sample.of(real, np.zeros(len(real), dtype=np.bool_))
    rng = np.random.Generator(np.random.PCG64(seed))
    draws = []
    for _ in range(repeats):
        order = rng.permutation(sample.groups)
        on_other_side = np.isin(sample.group, order[: sample.groups // 2])
        drawn = _Sample(sample.features, sample.group, on_other_side)
        draws.append(max(_judge(drawn, folds, 1, seed, rng).aucs))
    low, high = np.percentile(draws, (2.5, 97.5)).tolist()
    return RealAgainstReal(float(np.mean(draws)), low, high, tuple(draws))


@dataclass(frozen=True, slots=True, eq=False)
class _Sample:
    """Windows of both sides.

    Attributes:
        features: float64 `(windows, features)`, NaN where one is not defined.
        group: int32 `(windows,)`, from 0, every number in use.
        generated: bool `(windows,)`.
    """

    features: FloatArray
    group: IntArray
    generated: BoolArray

    @classmethod
    def of(cls, solos: Sequence[tuple[str, Solo]], generated: BoolArray) -> "_Sample":
        features, solo = window_table([notes_and_changes for _, notes_and_changes in solos])
        names = np.array([name for name, _ in solos], dtype=np.str_)
        _, group = np.unique(names[solo], return_inverse=True)
        return cls(features, group.astype(np.int32), generated[solo])

    @property
    def groups(self) -> int:
        """How many there are."""
        return int(self.group.max(initial=-1)) + 1


@dataclass(frozen=True, slots=True, eq=False)
class _Judged:
    """Every window's scores, once a partition, by classifiers that have not seen its group.

    Attributes:
        partitions: how often the groups were divided.
        fold: int32 `(partitions * windows,)`, numbered on from partition to partition.
        scores: for each kind of classifier float64 `(partitions * windows,)`, the higher the more
            like a generated one; comparable within a fold.
        models: for each kind, one trained classifier a fold.
        aucs: for each kind.
    """

    partitions: int
    fold: IntArray
    scores: tuple[FloatArray, ...]
    models: tuple[list[Any], ...]
    aucs: tuple[float, ...]

    @property
    def which(self) -> int:
        """The kind that does better; the trees where both do as well."""
        return int(np.argmax(self.aucs))

    def folds(self) -> Iterator[tuple[npt.NDArray[np.intp], FloatArray, Any]]:
        """For each fold its windows, and of the better kind their scores and the classifier."""
        windows = len(self.fold) // self.partitions
        for number, model in enumerate(self.models[self.which]):
            inside = np.flatnonzero(self.fold == number)
            yield inside % windows, self.scores[self.which][inside], model


def _judge(
    sample: _Sample, folds: int, partitions: int, seed: int, rng: np.random.Generator
) -> _Judged:
    """Cross-validates both classifiers."""
    from threadpoolctl import threadpool_limits

    if folds < 2 or partitions < 1:
        raise ValueError("a cross-validation takes two folds and one partition or more")
    for side, which in (("real", ~sample.generated), ("generated", sample.generated)):
        groups, windows = len(np.unique(sample.group[which])), np.count_nonzero(which)
        if groups < folds or windows < MIN_WINDOWS:
            raise EvaluationError(
                f"too few {side} solos for the two-sample test: {groups} tunes with {windows} "
                f"windows of {WINDOW_BARS} bars, at least {folds} with {MIN_WINDOWS} are needed"
            )
    kinds = (_trees, _logistic)
    models: tuple[list[Any], ...] = tuple([] for _ in kinds)
    scores = tuple(np.zeros((partitions, len(sample.group))) for _ in kinds)
    fold = np.zeros((partitions, len(sample.group)), dtype=np.int32)
    with threadpool_limits(limits=1):
        for partition in range(partitions):
            divided = group_folds(sample.group, sample.generated, folds, rng)
            fold[partition] = partition * folds + divided
            for number in range(folds):
                out = divided == number
                learned = sample.features[~out]
                # The trees refuse a feature without a value; one that never varies they ignore.
                learned[:, np.isnan(learned).all(axis=0)] = 0
                for make, score, trained in zip(kinds, scores, models, strict=True):
                    model = make(seed).fit(learned, sample.generated[~out])
                    score[partition, out] = model.decision_function(sample.features[out])
                    trained.append(model)
    flat = tuple(score.ravel() for score in scores)
    generated = np.tile(sample.generated, partitions)
    aucs = tuple(within_fold_auc(score, generated, fold.ravel()) for score in flat)
    return _Judged(partitions, fold.ravel(), flat, models, aucs)


def _trees(seed: int) -> Any:
    from sklearn.ensemble import HistGradientBoostingClassifier

    # No early stopping: it would hold out windows of tunes that are learned from. No weights: the
    # AUC asks for an order only, in which weighing the smaller side up changes next to nothing, and
    # the weighted quantiles that features are then binned by take ten times as long as all else.
    return HistGradientBoostingClassifier(
        learning_rate=0.08,
        max_iter=120,
        max_leaf_nodes=6,
        min_samples_leaf=MIN_WINDOWS,
        max_features=0.3,  # features offered at each split: many say nearly the same
        l2_regularization=1.0,
        early_stopping=False,
        random_state=seed,
    )


def _logistic(seed: int) -> Any:
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    return make_pipeline(
        SimpleImputer(strategy="median"),
        StandardScaler(),
        LogisticRegression(C=0.02, class_weight="balanced", max_iter=5000, random_state=seed),
    )


def group_folds(
    group: IntArray, generated: BoolArray, folds: int, rng: np.random.Generator
) -> IntArray:
    """Divides windows into folds, groups undivided, both sides spread evenly.

    Groups are taken from the largest to the smallest, those of one size in random order, each into
    the fold that has least of what the group is made of: the sums of squares of the folds' shares
    of the real and of the generated windows are kept small.

    Args:
        group: int32 `(windows,)`, from 0, every number in use.
        generated: bool `(windows,)`.
        folds: at least 2.
        rng: draws the order.

    Returns:
        int32 `(windows,)`, 0 to `folds` - 1.
    """
    groups = int(group.max()) + 1
    counts = np.zeros((groups, 2))
    np.add.at(counts, (group, generated.astype(np.intp)), 1)
    share = counts / np.maximum(counts.sum(axis=0), 1)
    shuffled = rng.permutation(groups)
    order = shuffled[np.argsort(-share.max(axis=1)[shuffled], kind="stable")]
    filled = np.zeros((folds, 2))
    fold_of = np.zeros(groups, dtype=np.int32)
    for number in order:
        # What the sum of squares grows by, but for what is the same in every fold.
        fold_of[number] = int(np.argmin(filled @ share[number]))
        filled[fold_of[number]] += share[number]
    folded: IntArray = fold_of[group]
    return folded


def within_fold_auc(score: FloatArray, generated: BoolArray, fold: IntArray) -> float:
    """Share of the pairs of a generated and a real window of one fold in which it scores higher.

    Equal scores count one half. NaN where no fold has both.
    """
    won = pairs = 0.0
    for number in np.unique(fold):
        inside = fold == number
        real, other = score[inside & ~generated], score[inside & generated]
        won += float(_wins(real, other).sum())
        pairs += len(real) * len(other)
    return won / pairs if pairs else math.nan


def _wins(real: FloatArray, generated: FloatArray) -> FloatArray:
    """For each generated score, how many real ones lie below it; equal ones are halves."""
    ordered = np.sort(real)
    below = np.searchsorted(ordered, generated, side="left")
    return (below + np.searchsorted(ordered, generated, side="right")) / 2


def _interval(judged: _Judged, sample: _Sample, rng: np.random.Generator) -> tuple[float, float]:
    """95 % interval of the AUC, groups drawn with replacement (percentile bootstrap)."""
    # A group drawn a times has a copies of its windows, so the pairs between two groups count a * b
    # times: wins and pairs by group are all that need be known.
    groups = sample.groups
    wins, pairs = np.zeros((groups, groups)), np.zeros((groups, groups))
    for inside, scores, _ in judged.folds():
        group, generated = sample.group[inside], sample.generated[inside]
        theirs = np.bincount(group[generated], minlength=groups)
        for number in np.unique(group[~generated]):
            mine = (group == number) & ~generated
            won = _wins(scores[mine], scores[generated])
            wins[number] += np.bincount(group[generated], won, minlength=groups)
            pairs[number] += theirs * np.count_nonzero(mine)
    copies = rng.multinomial(groups, np.full(groups, 1 / groups), size=_RESAMPLES).astype(float)
    won, total = ((copies @ table * copies).sum(axis=1) for table in (wins, pairs))
    low, high = np.percentile(won[total > 0] / total[total > 0], (2.5, 97.5)).tolist()
    return low, high


def _importance(judged: _Judged, sample: _Sample, rng: np.random.Generator) -> list[float]:
    """For each feature, what the AUC loses when its values are shuffled in held-out folds."""
    from threadpoolctl import threadpool_limits

    features = sample.features.shape[1]
    losses, pairs = np.zeros(features), 0
    with threadpool_limits(limits=1):
        for inside, scores, model in judged.folds():
            rows, generated = sample.features[inside], sample.generated[inside]
            whole = float(_wins(scores[~generated], scores[generated]).sum())
            pairs += int(np.count_nonzero(~generated) * np.count_nonzero(generated))
            at_once = max(1, _BATCH // len(rows))
            shuffles = [feature for feature in range(features) for _ in range(_PERMUTATIONS)]
            for start in range(0, len(shuffles), at_once):
                batch = shuffles[start : start + at_once]
                table = np.tile(rows, (len(batch), 1, 1))
                for shuffled, feature in zip(table, batch, strict=True):
                    shuffled[:, feature] = rng.permutation(rows[:, feature])
                judged_anew = model.decision_function(table.reshape(-1, features))
                for anew, feature in zip(judged_anew.reshape(len(batch), -1), batch, strict=True):
                    won = float(_wins(anew[~generated], anew[generated]).sum())
                    losses[feature] += (whole - won) / _PERMUTATIONS
    result: list[float] = (losses / pairs).tolist()
    return result


def _tell(number: int, real: FloatArray, generated: FloatArray, importance: float) -> Tell:
    name = tuple(FEATURES)[number]
    real, generated = real[~np.isnan(real)], generated[~np.isnan(generated)]
    means = [float(side.mean()) if len(side) else math.nan for side in (real, generated)]
    auc = 0.5
    if len(real) and len(generated):
        auc = float(_wins(real, generated).mean()) / len(real)
    return Tell(name, FEATURES[name], means[0], means[1], max(auc, 1 - auc), importance)
