"""Recipes: which networks to train, how, and what they are to reach."""

from digitlab.recipes.blocks import Block, Steps, nest
from digitlab.recipes.committee import Member
from digitlab.recipes.layer import ACTIVATIONS, BLOCKS, CONVOLUTIONS, Layer
from digitlab.recipes.layers import count_multiplications, count_parameters, read_layers, table
from digitlab.recipes.recipe import Recipe, bundled_names, measured
from digitlab.recipes.settings import Augmentation, Claim, Plan, Source
from digitlab.recipes.words import USAGE
from digitlab.recipes.writing import to_toml

__all__ = [
    "ACTIVATIONS",
    "BLOCKS",
    "CONVOLUTIONS",
    "USAGE",
    "Augmentation",
    "Block",
    "Claim",
    "Layer",
    "Member",
    "Plan",
    "Recipe",
    "Source",
    "Steps",
    "bundled_names",
    "count_multiplications",
    "count_parameters",
    "measured",
    "nest",
    "read_layers",
    "table",
    "to_toml",
]
