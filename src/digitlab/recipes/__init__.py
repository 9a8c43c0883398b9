"""Recipes: which networks to train, how, and what they are to reach."""

from digitlab.recipes.layers import ACTIVATIONS, Layer, count_multiplications, count_parameters, read_layers, table
from digitlab.recipes.recipe import Augmentation, Claim, Plan, Recipe, Source, bundled_names, measured
from digitlab.recipes.writing import to_toml

__all__ = [
    "ACTIVATIONS",
    "Augmentation",
    "Claim",
    "Layer",
    "Plan",
    "Recipe",
    "Source",
    "bundled_names",
    "count_multiplications",
    "count_parameters",
    "measured",
    "read_layers",
    "table",
    "to_toml",
]
