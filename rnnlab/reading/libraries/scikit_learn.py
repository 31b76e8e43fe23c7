"""scikit-learn: label encoders, vectorizers, metrics."""

from __future__ import annotations

from typing import Any

from rnnlab.reading.libraries.registry import ATTRIBUTES, calls, methods
from rnnlab.reading.libraries.rows import rebased
from rnnlab.reading.libraries.words import fed_at, rows_among
from rnnlab.reading.values import (
    Listing,
    Thing,
    Unknown,
    Value,
    constant,
    deep_origins,
    derived,
    is_vague,
    origins_of,
)

_METRICS = """accuracy_score f1_score precision_score recall_score roc_auc_score classification_report confusion_matrix
    balanced_accuracy_score matthews_corrcoef precision_recall_fscore_support log_loss""".split()
_FITTED = """CountVectorizer TfidfVectorizer HashingVectorizer TfidfTransformer StandardScaler MinMaxScaler LabelBinarizer
    MultiLabelBinarizer"""


@calls(" ".join(f"sklearn.*.{name}" for name in _METRICS), "torchmetrics.*.accuracy", "torchmetrics.*.f1_score")
def _metric(run: Any, given: Any) -> Value:
    origins = origins_of(given.values())
    samples = {"how": given.callee.last, "given": [word for word, _ in given.pairs()[:2]]}
    number = run.story.data(given.node, "metric", run.name(given.node), origins, samples=samples)
    return run.number(run.story.word(given.node), frozenset({number}))


@calls(" ".join(f"sklearn.*.{name}" for name in _FITTED.split()))
def _vectorizer(run: Any, given: Any) -> Value:
    return Thing(given.callee.name, {"group": "vectorizer", "fitted": None})


@calls("sklearn.*.LabelEncoder sklearn.*.OneHotEncoder sklearn.*.OrdinalEncoder")
def _encoder(run: Any, given: Any) -> Value:
    return Thing(given.callee.name, {"group": "encoder", "fitted": None})


@methods("vectorizer", "fit fit_transform")
def _fit(run: Any, owner: Thing, given: Any) -> Value:
    return fitted(
        run, owner, given, "vocabulary" if "izer" in owner.name and "Binarizer" not in owner.name else "scaler"
    )


@methods("encoder", "fit fit_transform")
def _fit_labels(run: Any, owner: Thing, given: Any) -> Value:
    value = given.get(0, "y", "X") or Unknown()
    origins = rows_among(run, deep_origins(value))
    samples = {"labels": [], "numbered_by": owner.name}
    number = run.story.data(
        given.node, "label map", run.story.word(getattr(given.node.func, "value", given.node)), origins, samples=samples
    )
    run.heap.write(owner.fields, "fitted", number)
    return _encoded(run, value) if given.method == "fit_transform" else owner


def fitted(run: Any, owner: Thing, given: Any, what: str) -> Value:
    """Something is fitted on data: a vocabulary with its sources."""
    value = given.get(0, "raw_documents", "X", "texts", "documents") or Unknown()
    origins = rows_among(run, deep_origins(value))
    counts = {"unrecognised_sources": float(not origins)}
    name = run.story.word(getattr(getattr(given.node, "func", None), "value", given.node))
    vague = len(origins) > 1 and is_vague(value)
    number = run.story.data(
        given.node,
        what,
        name,
        origins,
        counts,
        {"made_by": owner.name},
        certain=not vague,
        stage="vocab",
        place=fed_at(run, given.node, frozenset(origins)),
    )
    run.heap.write(owner.fields, "fitted", number)
    return derived([value]) if given.method == "fit_transform" else owner


def _encoded(run: Any, value: Value) -> Value:
    if isinstance(value, Thing):
        return Thing(
            value.kind,
            {**value.fields, "element": run.number("label", deep_origins(value))},
            deep_origins(value),
            (),
            value.number,
        )
    return Listing("array", None, run.number("label", deep_origins(value)), deep_origins(value))


@methods("encoder", "transform")
def _transform_labels(run: Any, owner: Thing, given: Any) -> Value:
    return _encoded(run, given.get(0) or Unknown())


@methods("vectorizer", "transform")
def _transform(run: Any, owner: Thing, given: Any) -> Value:
    return derived(given.values())


@methods("encoder", "inverse_transform")
def _names(run: Any, owner: Thing, given: Any) -> Value:
    return derived(given.values())


@calls("imblearn.*.SMOTE imblearn.*.RandomOverSampler imblearn.*.RandomUnderSampler imblearn.*.ADASYN")
def _sampler(run: Any, given: Any) -> Value:
    return Thing(given.callee.name, {"group": "oversampler"})


@methods("oversampler", "fit_resample fit_sample")
def _resampled(run: Any, owner: Thing, given: Any) -> Value:
    """Rows are copied (or made up) so that the classes are equal."""
    parents = origins_of(given.values())
    number = run.story.data(
        given.node, "dataset", "", parents, samples={"made_by": owner.name, "copies": True}, key=owner.name
    )
    return Listing("tuple", [rebased(value, number) for value in given.positional])


@calls("sklearn.utils.resample sklearn.*.resample")
def _resample(run: Any, given: Any) -> Value:
    value = given.get(0) or Unknown()
    number = run.story.data(
        given.node,
        "dataset",
        run.name(given.node),
        deep_origins(value),
        samples={"made_by": "resample", "copies": True},
    )
    return rebased(value, number)


@calls("sklearn.*.compute_class_weight sklearn.*.compute_sample_weight")
def _weights(run: Any, given: Any) -> Value:
    from rnnlab.facts import Call

    call = Call(place=run.story.place(given.node), stage="loss", what="class_weights", binds=run.binds(given.node))
    n = run.story.call(given.node, call, ())
    return Unknown(origins_of(given.values()), (n,))


@calls("sklearn.datasets.fetch_20newsgroups sklearn.*.fetch_20newsgroups sklearn.*.load_files")
def _fetched(run: Any, given: Any) -> Value:
    side = constant(given.get(None, "subset"), "all" if "subset" in given.named else "train")
    samples = {"read_by": given.callee.last, "side": side, "path": str(side)}
    number = run.story.data(given.node, "dataset", run.name(given.node), samples=samples)
    return Thing("sklearn.Bunch", {"group": "bunch"}, number=number)


def _bunch(run: Any, owner: Thing, name: str, node: Any) -> Value:
    return Listing("list", None, Unknown(deep_origins(owner), text="text"), deep_origins(owner))


ATTRIBUTES["bunch"] = _bunch
