"""Ink on paper: what is darker than its paper, without rulings, and every piece of it that could be a digit."""
