"""`DigitClassifier`: a recipe as a scikit-learn classifier. Needs the extra "train".

    from digitlab.sklearn import DigitClassifier

    classifier = DigitClassifier("conv3", epochs=3).fit(X, y)    # X: (N, 784) or (N, 28, 28)
    classifier.predict_proba(X)                                  # (N, classes)

It trains by the very loop of `digitlab train` and predicts by the very file that this writes, so that nothing here
computes anything of its own.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from digitlab import remote
from digitlab.data.digits import Digits, Material
from digitlab.errors import ArrayError, UsageError
from digitlab.evaluation.extra import needs_extra
from digitlab.manifest import Manifest
from digitlab.recipes import Recipe
from digitlab.recognizer import Recognizer

with needs_extra("DigitClassifier"):
    import torch
    from scipy.special import softmax
    from sklearn.base import BaseEstimator, ClassifierMixin
    from sklearn.utils.multiclass import check_classification_targets
    from sklearn.utils.validation import check_is_fitted, check_non_negative, validate_data

from digitlab import training
from digitlab.networks import to_onnx
from digitlab.training.device import fast_bfloat16, keep_memory
from digitlab.training.loop import Training, deterministic

PIXELS = 28 * 28
MOST_CLASSES = 10  # what a recipe's last layer tells apart


class DigitClassifier(ClassifierMixin, BaseEstimator):
    """A recipe that learns from arrays of images of 28x28 pixels.

    Args:
        recipe: a bundled name, a .toml file, or a Recipe. Its layers, plan and augmentation count, not its data.
        epochs: passes over the images; None means as many as the recipe says.
        batch_size: images a step; None likewise.
        seed: of all randomness; the same seed on the same machine gives the same bits.
        device: "auto", "cpu" or "cuda", where to train; predicting is done on the processor.

    Attributes:
        classes_: (K,), the labels that it tells apart, sorted; at most ten, of any type.
        n_features_in_: 784.
        ink_: what full ink is in X: 255, or 1 where all that was learned from lies in 0 to 1 and is not uint8.
        epochs_: how often it went over images, by `fit` and `partial_fit` together.
        onnx_: the recogniser's file; its output number k is classes_[k].
        recognizer_: that recogniser, a `digitlab.Recognizer`.

    All images are learned from and none are held out, so that probabilities are not calibrated; for that there is
    scikit-learn's CalibratedClassifierCV.

    >>> from digitlab.data import strokes
    >>> digits = strokes.generate(50, seed=0)
    >>> classifier = DigitClassifier("dense784", epochs=30).fit(digits.images, digits.labels)
    >>> classifier.score(digits.images, digits.labels) > 0.9
    True
    """

    classes_: np.ndarray
    ink_: int
    epochs_: int
    onnx_: bytes
    recognizer_: Recognizer
    _state: dict[str, Any]  # of the training: weights, average and optimiser

    def __init__(
        self,
        recipe: str | Path | Recipe = "conv3",
        *,
        epochs: int | None = None,
        batch_size: int | None = None,
        seed: int = 0,
        device: str = "auto",
    ) -> None:
        self.recipe = recipe
        self.epochs = epochs
        self.batch_size = batch_size
        self.seed = seed
        self.device = device

    def fit(self, X: Any, y: Any) -> DigitClassifier:
        """Learn from the start.

        Args:
            X: (N, 784) or (N, 28, 28) numbers, 0 to 255 or 0 to 1, ink light on dark and framed as MNIST is.
            y: (N,), the class of each image.

        Raises:
            ArrayError: X holds no such images, or y more than ten classes. It is a ValueError, too.
            RecipeError, UsageError: a parameter makes no sense.
        """
        X, y = self._checked(X, y, reset=True)
        return self._learn(X, y, np.unique(y), self._page())

    def partial_fit(self, X: Any, y: Any, classes: Any = None) -> DigitClassifier:
        """Learn on from the present weights: one pass over these images, at the recipe's peak learning rate.

        Args:
            X, y: as of `fit`.
            classes: (K,), all classes that will ever come; needed at the first call, unless `fit` came before.

        Raises:
            ArrayError: as `fit`; or y holds others than the classes, or `classes` others than were given before.
        """
        known = getattr(self, "classes_", None)
        if known is None and classes is None:
            raise ArrayError("the first partial_fit must know all classes; pass them with classes=")
        if known is not None and classes is not None and not np.array_equal(known, np.unique(classes)):
            raise ArrayError("`classes` is not the same as on last call to partial_fit; pass the same, or none")
        X, y = self._checked(X, y, reset=known is None)
        # No schedule: nobody knows how many calls there will be, so there is no end at which the rate could be zero.
        done = getattr(self, "epochs_", 0)
        page = self._page().changed(schedule="constant", warmup=0.0, settle_epochs=0, epochs=done + 1)
        return self._learn(X, y, np.unique(classes) if known is None else known, page, go_on=known is not None)

    def predict_proba(self, X: Any) -> np.ndarray:
        """Return the probabilities of the classes.

        Args:
            X: as of `fit`, and in the same range.

        Returns:
            (N, K) float64, columns as in `classes_`; rows sum to one.

        Raises:
            NotFittedError: nothing was learned yet.
            ArrayError: X holds no such images.
        """
        check_is_fitted(self)
        images = self._images(self._checked(X), self.ink_)
        logits = self.recognizer_.logits(images)[:, : len(self.classes_)]  # (N, K)
        return softmax(logits.astype(np.float64), axis=1)

    def predict(self, X: Any) -> np.ndarray:
        """Return the most probable class of each image, (N,); arguments and errors as `predict_proba`."""
        probabilities = self.predict_proba(X)
        return self.classes_[probabilities.argmax(axis=1)]

    def _learn(self, X: np.ndarray, y: np.ndarray, classes: np.ndarray, page: Recipe, go_on: bool = False) -> Any:
        """Train until `page` has all its epochs, and keep weights and recogniser."""
        check_classification_targets(y)
        if len(classes) > MOST_CLASSES:
            raise ArrayError(f"y has {len(classes)} classes, but a recipe tells {MOST_CLASSES} apart; leave some out")
        strange = np.setdiff1d(y, classes)
        if len(strange):
            raise ArrayError(
                f"y holds {strange[0]!r}, which is none of the classes; correct it, or begin anew with fit"
            )
        ink = self.ink_ if go_on else _ink(X)
        digits = Digits(self._images(X, ink), np.searchsorted(classes, y), "X")
        place = training.pick_device(self.device)
        wanted = page.plan.precision
        bf16 = fast_bfloat16(place) if wanted == "auto" else wanted == "bf16"
        keep_memory()
        cards = [place] if place.type == "cuda" else []
        with deterministic(), torch.random.fork_rng(cards):  # the caller's own randomness stays as it was
            learner = Training(page, Material(digits, digits[:0], digits[:0]), self.seed, place, bf16)
            if go_on:
                learner.go_on(self._state)
            while learner.epoch < page.plan.epochs:
                learner.run_epoch(lambda event: None)
        self.classes_, self.ink_, self.epochs_ = classes, ink, learner.epoch
        self._state = learner.state()
        self.onnx_ = to_onnx(page.layers, learner.weights(), Manifest(page.name, page.to_dict()))
        self.recognizer_ = Recognizer(self.onnx_, trusted=True)
        return self

    def _page(self) -> Recipe:
        page = self.recipe if isinstance(self.recipe, Recipe) else Recipe.load(self.recipe)
        if page.data.channels != 1:
            raise UsageError(f"recipe {page.name} learns from pieces of pages, not from images; choose another one")
        if page.members:
            raise UsageError(f"recipe {page.name} is a committee, which learns with digitlab train; choose one member")
        name = remote.shown(page.data.name)  # not learned from, and kept in the file without secrets
        return page.changed(epochs=self.epochs, batch_size=self.batch_size, name=name)

    def _checked(self, X: Any, y: Any = "no_validation", reset: bool = False) -> Any:
        """Return X as a table of numbers, and y beside it if it is given. Raises ValueError, TypeError otherwise."""
        if len(getattr(X, "shape", ())) > 2:
            X = X.reshape(len(X), -1)  # (N, 28, 28) or (N, 28, 28, 1)
        checked = validate_data(self, X, y, reset=reset)
        check_non_negative(checked[0] if isinstance(checked, tuple) else checked, "DigitClassifier")
        return checked

    def _images(self, X: np.ndarray, ink: int) -> np.ndarray:
        """Return images, (N, 28, 28) uint8, of a checked table in which `ink` is full ink. Raises ArrayError."""
        if X.shape[1] != PIXELS:
            raise ArrayError(
                f"X has {X.shape[1]} features, but an image of 28x28 has {PIXELS}; resize the images first"
            )
        if X.max() > ink and ink == 1:
            raise ArrayError(f"X reaches up to {X.max():g}, but what was learned from lay in 0 to 1; divide X by 255")
        if X.max() > ink:
            raise ArrayError(f"X reaches up to {X.max():g}, but should lie in 0 to 255, or in 0 to 1; scale it so")
        return np.rint(X * (255 / ink)).astype(np.uint8).reshape(-1, 28, 28)

    def __sklearn_tags__(self) -> Any:
        """Say that X holds no numbers below zero."""
        tags = super().__sklearn_tags__()
        tags.input_tags.positive_only = True
        return tags

    def __getstate__(self) -> dict[str, Any]:
        """Leave out the recogniser, whose session cannot be copied or pickled; its file stays."""
        return {key: value for key, value in super().__getstate__().items() if key != "recognizer_"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        if "onnx_" in state:
            self.recognizer_ = Recognizer(self.onnx_, trusted=True)


def _ink(X: np.ndarray) -> int:
    """Return what full ink is in a table: 1 or 255."""
    return 1 if X.dtype != np.uint8 and X.max() <= 1 else 255
