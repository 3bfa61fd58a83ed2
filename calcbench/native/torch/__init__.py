"""torch: functions of tensors as they are, by the operations that they run through.

function        a function of tensors
recording       running it on real tensors, under a dispatch mode that keeps what it does
calls           one operation of ATen, and what is recorded of it
operations      what is known of operations by name: their rules, and what is special about some
program         the operations that were recorded, to be run on numbers with proof
storage         what the storages of tensors have with proof, so that views and writes are right
keeping         what a run changes, put back
elementary      rules of operations on single numbers
along_axes      rules of sums, orders and norms
losses          rules of losses
normalization   rules of batch, layer and group norms
matrices        rules of products, and attention
convolutions    rules of convolutions, and pooling by the largest
linear_algebra  rules of factors, solutions, determinants, decompositions
recurrent       the rule of a recurrent layer as a whole
moving          operations that move numbers, by running them on indices
truth           where a condition holds
graphics        what torch does otherwise on graphics processors
"""

from calcbench.native.torch.function import TorchFunction

__all__ = ["TorchFunction"]
