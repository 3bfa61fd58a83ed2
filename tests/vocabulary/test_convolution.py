"""What a convolution is given that does not fit together is told, by name."""

import numpy as np
import pytest

from calcbench.vocabulary.numpy import NUMPY

X, KERNEL = np.ones((3, 8)), np.ones((2, 3, 3))


@pytest.mark.parametrize(
    ("x", "kernel", "options", "message"),
    [
        (np.ones(8), KERNEL, {}, r"conv1d takes x of 2 or 3 axes.*got shapes \(8,\)"),
        (X, KERNEL[0], {}, r"and a kernel of 3.*and \(3, 3\)"),
        (X[:2], KERNEL, {}, r"has 2 channels, and the kernel of shape \(2, 3, 3\) is for 3"),
        (X[:, :2], KERNEL, {}, r"larger than x of shape \(3, 2\)"),
        (X, KERNEL, {"padding": "Same"}, r"""padding is a number, "same" or "valid", not 'Same'"""),
        (X, KERNEL, {"padding": "same", "stride": 2}, r"""padding="same" is for a stride of 1"""),
        (X, KERNEL, {"padding": (1, 2)}, r"\(1, 2\) is neither one number nor one for each of 1"),
    ],
)
def test_what_does_not_fit_is_refused_by_name(x, kernel, options, message):
    with pytest.raises(ValueError, match=message):
        NUMPY.conv1d(x, kernel, **options)


def test_a_kernel_is_not_flipped():
    assert NUMPY.conv1d(np.array([[1.0, 2.0, 4.0]]), np.array([[[1.0, 0.0]]])).tolist() == [
        [1.0, 2.0]
    ]


def test_a_kernel_may_just_fit_with_what_is_padded():
    assert NUMPY.conv1d(X[:, :1], KERNEL, padding=1).shape == (2, 1)
