"""The vocabulary in TensorFlow."""

from __future__ import annotations

from typing import Any

import numpy as np

from calcbench.errors import Unsupported
from calcbench.vocabulary.namespace import Namespace, iterate

# --- the vocabulary in TensorFlow ----------------------------------------------------------
# tf.* rather than tf.experimental.numpy: the latter's logaddexp has gradient 0 at ties (2.21),
# and its promotion rules cost microseconds on every eager call.


def namespace(tf: Any, dtype: str, xla: bool) -> Namespace:
    linalg = tf.linalg

    def pair(x: Any, y: Any) -> tuple[Any, Any]:
        """Two operands, where either or both may be numbers."""
        if tf.is_tensor(x):
            return x, y if tf.is_tensor(y) else tf.convert_to_tensor(y, dtype=x.dtype)
        x = tf.convert_to_tensor(x, dtype=y.dtype if tf.is_tensor(y) else dtype)
        return x, y if tf.is_tensor(y) else tf.convert_to_tensor(y, dtype=dtype)

    def logaddexp(x: Any, y: Any) -> Any:
        # x + softplus(y − x): its partials are sigmoids, right at ties and at extremes.
        x, y = pair(x, y)
        return x + tf.math.softplus(y - x)

    def where(condition: Any, x: Any, y: Any) -> Any:
        return tf.where(condition, *pair(x, y))

    def matmul(x: Any, y: Any) -> Any:
        if x.shape.rank == 1 and y.shape.rank == 1:
            return tf.tensordot(x, y, 1)
        if y.shape.rank == 1:
            return linalg.matvec(x, y)
        if x.shape.rank == 1:
            return linalg.matvec(y, x, transpose_a=True)
        return tf.matmul(x, y)

    def solve(a: Any, b: Any) -> Any:
        if b.shape.rank == a.shape.rank - 1:
            return linalg.solve(a, b[..., None])[..., 0]
        return linalg.solve(a, b)

    def slogdet(x: Any) -> Any:
        if xla:
            raise Unsupported("XLA has no determinant for TensorFlow (2.21); mode=function has")
        return tuple(linalg.slogdet(x))

    def take_along_axis(x: Any, indices: Any, axis: int) -> Any:
        axis %= x.shape.rank
        last = x.shape.rank - 1
        order = [a for a in range(last + 1) if a != axis] + [axis]
        back = [order.index(a) for a in range(last + 1)]
        moved = tf.gather(
            tf.transpose(x, order), tf.transpose(indices, order), axis=last, batch_dims=last
        )
        return tf.transpose(moved, back)

    return Namespace(
        {
            "pi": np.pi,
            "exp": tf.exp,
            "expm1": tf.math.expm1,
            "log": tf.math.log,
            "log1p": tf.math.log1p,
            "sqrt": tf.sqrt,
            "sin": tf.sin,
            "cos": tf.cos,
            "tan": tf.tan,
            "tanh": tf.tanh,
            "abs": tf.abs,
            "sigmoid": tf.sigmoid,
            "softplus": tf.math.softplus,
            "maximum": lambda x, y: tf.maximum(*pair(x, y)),
            "minimum": lambda x, y: tf.minimum(*pair(x, y)),
            "logaddexp": logaddexp,
            "where": where,
            "sum": tf.reduce_sum,
            "mean": tf.reduce_mean,
            "max": tf.reduce_max,
            "logsumexp": tf.reduce_logsumexp,
            "matmul": matmul,
            "einsum": tf.einsum,
            "matrix_transpose": linalg.matrix_transpose,
            "reshape": tf.reshape,
            "concat": lambda arrays, axis=0: tf.concat(list(arrays), axis=axis),
            "stack": lambda arrays, axis=0: tf.stack(list(arrays), axis=axis),
            "take": lambda x, indices, axis=0: tf.gather(x, indices, axis=axis),
            "take_along_axis": take_along_axis,
            "linalg.cholesky": linalg.cholesky,
            "linalg.solve": solve,
            "linalg.slogdet": slogdet,
            "iterate": iterate,
        }
    )
