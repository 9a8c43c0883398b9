"""Labelled digits: where they come from, how they are split, and how they are given to others.

Public:
    Digits, Splits      the digits themselves
    load                a source in three parts: train, validation, test
    load_all            everything that is found at a path
    describe            counts and digests of a source, ready for JSON
    export, FORMATS     digits as class folders, CSV, NPZ or IDX
    corrected           MNIST's labels as people agree on them
    SPLITS              the names of the splits
"""

from digitlab.data.corrections import corrected
from digitlab.data.digits import Digits, Splits
from digitlab.data.exports import FORMATS, export
from digitlab.data.sources import SPLITS, describe, load, load_all

__all__ = ["FORMATS", "SPLITS", "Digits", "Splits", "corrected", "describe", "export", "load", "load_all"]
