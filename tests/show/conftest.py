"""Programs switch the whole process to float64; the tests after them find it as it was."""

import sys

import pytest


@pytest.fixture(autouse=True)
def switches():
    """Undo what a program switches for its whole process."""
    yield
    if "jax" in sys.modules:
        sys.modules["jax"].config.update("jax_enable_x64", False)
    if "torch" in sys.modules:
        torch = sys.modules["torch"]
        torch.set_default_dtype(torch.float32)
