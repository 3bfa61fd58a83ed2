"""TensorFlow: a gradient tape, run eagerly, as a graph (function), or compiled by XLA."""

from .derivatives import TensorFlow

__all__ = ["TensorFlow"]
