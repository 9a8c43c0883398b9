"""Handwritten digits: train, measure and use recognisers."""
