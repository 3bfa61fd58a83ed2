"""TensorFlow functions as they are: an interpreter of graphs on numbers with proof.

function        a function of tensors and variables at an argument
tracing         its graph
keeping         what a run changes, put back: variables, seeds
interpreter     runs the operations of a graph, one after the other
demand          which of them are needed, and whether for values alone
framework       operations that TensorFlow computes itself
step            one operation, as its rule is given it
rules           all rules, by operation: those of
elementwise     functions of single numbers, comparisons, choices
slopes          the derivatives of these, as TensorFlow writes them, and backward
smooth          what is smooth where its steps tie
moving          data movement, gathers and scatters
along_axes      reductions, running sums, orders, segments, losses
products        products, batch norms
convolutions    convolutions, pooling, and what goes back from them
linear_algebra  factors, solutions, determinants, decompositions
control         calls, branches, loops, variables, lists of tensors
"""

from calcbench.native.tensorflow.function import TensorflowFunction

__all__ = ["TensorflowFunction"]
