"""A recurrent network that guesses the next letter of a text."""

from calcbench import Problem

from ._files import letter_bits, place


class Lstm(Problem):
    """Loss of a network with long short-term memory: C = −mean of yₜ₊₁·(p − log(2 + Σ eᵖ))."""

    sizes = (
        {"l": 1, "c": 3, "b": 2},  # number of layers, of letters, of bits per letter
        {"l": 2, "c": 1_024, "b": 14},
        {"l": 2, "c": 4_096, "b": 14},
    )
    place = "GradBench: lstm"
    formula = (
        r"C = -\frac{1}{(c - 1) \, b} \sum_{t=1}^{c-1} \sum_{i=1}^{b} y_{t+1,i}"
        r" \Bigl( p_{ti} - \log \bigl( 2 + \sum_j e^{p_{tj}} \bigr) \Bigr)"
    )
    derivation = (
        (
            "Each layer remembers: it has a cell, and what it shows of the cell. Four gates, "
            "each with weights and biases of their own, are computed from the input z and from "
            "what was shown, h. All products are element by element.",
            r"f = \sigma(z w_1 + b_1), \quad g = \sigma(h w_2 + b_2), \quad"
            r" o = \sigma(z w_3 + b_3), \quad a = \tanh(h w_4 + b_4)",
        ),
        (
            "The cell forgets some, takes some in, and shows some to the layer above.",
            r"u \leftarrow u f + g a, \qquad h \leftarrow o \tanh u",
        ),
        (
            "What the last layer shows becomes the prediction of the next letter's bits y. The 2 "
            "beside the sum is GradBench's.",
            r"p = h v_2 + v_3, \qquad"
            r" C_t = -\sum_i y_{t+1,i} \Bigl( p_i - \log \bigl( 2 + \sum_j e^{p_j} \bigr) \Bigr)",
        ),
        (
            "By a score the slope is the share of its exponential, for each bit that is 1, less "
            "the bit.",
            r"\frac{\partial C_t}{\partial p_i}"
            r" = \frac{e^{p_i}}{2 + \sum_j e^{p_j}} \sum_j y_{t+1,j} - y_{t+1,i}",
        ),
        (
            "From there the slopes go back through the letters; what forgets little in the cell "
            "lets them pass.",
            r"\frac{\partial C}{\partial u_{t-1}} = f_t \frac{\partial C}{\partial u_t}"
            r" + \ldots",
        ),
    )
    sources = (
        "GradBench, evaluation lstm, https://github.com/gradbench/gradbench, after Microsoft's "
        "ADBench (its weights are vectors, and not matrices)",
        "Hochreiter & Schmidhuber, Long short-term memory, Neural Computation 9 (1997) 1735-1780",
    )

    def __init__(self, data=None):
        """Take a text, GradBench's `evals/lstm/data/lstm_full.txt`; else draw random bits."""
        self.files, self.read_from = place(data, "evals/lstm/data")

    def inputs(self, size, rng):
        layers, count, bits = size["l"], size["c"], size["b"]
        return {
            "main": rng.uniform(size=(2 * layers, 4 * bits)),
            "extra": rng.uniform(size=(3, bits)),
            "state": rng.uniform(size=(2 * layers, bits)),
            "sequence": self._sequence(count, bits, rng),
        }

    def _sequence(self, count, bits, rng):
        if self.files is not None:
            return letter_bits(self.files, count, bits)
        return rng.integers(0, 2, size=(count, bits)).astype(float)

    def cost(self, xp, main, extra, *, state, sequence):
        layers, bits = state.shape[0] // 2, state.shape[1]
        # Taken out once, not at every step: the way back makes a whole array for each look-up.
        rows = xp.unstack(xp.reshape(main, (2 * layers, 2, 2, bits)))
        gates = list(zip(rows[::2], rows[1::2], strict=True))  # weights, biases of each layer
        enter, scale, shift = xp.unstack(extra)

        def step(memory, letters):
            given, expected = letters
            below, after = given * enter, []
            for layer, (shown, cell) in zip(gates, memory, strict=True):
                below, cell = advance(xp, layer, below, shown, cell)
                after.append((below, cell))
            scores = below * scale + shift
            normal = scores - xp.log(xp.sum(xp.exp(scores)) + 2)
            return tuple(after), xp.sum(expected * normal)

        start = xp.unstack(state)
        memory = tuple(zip(start[::2], start[1::2], strict=True))
        _, gained = xp.scan(step, memory, (sequence[:-1], sequence[1:]))
        return -xp.sum(gained) / (gained.shape[0] * bits)


def advance(xp, gates, given, shown, cell):
    """Let a layer read one input: what it shows then, and its cell.

    Its four gates are one array: of each two, the first reads the input, the second what was shown.
    """
    weights, biases = gates
    scores = xp.reshape(weights * xp.stack([given, shown]) + biases, (4, -1))
    forget, take_in, show = xp.unstack(xp.sigmoid(scores[:3]))
    cell = cell * forget + take_in * xp.tanh(scores[3])
    return show * xp.tanh(cell), cell
