"""Certified derivatives: the cost in ball arithmetic, differentiated by reverse sweeps.

Every number carries a rigorous error radius (Johansson, "Arb: efficient arbitrary-precision
midpoint-radius interval arithmetic", IEEE Trans. Computers 66 (2017) 1281-1292), through
python-flint. Raised to high precision a sweep gives a reference; a sweep over floats with radii of
their own bounds what rounding may do to an honest evaluation. Second derivatives come from the same
sweep on jets (`array_jets`, `jets`).

certificate        the true result at a point, and how far rounding may carry a method
reference          the true result to 30 digits
rounding           what rounding does to it, proved and estimated
arrays             an array of such numbers, which remembers that for all at once
array_vocabulary   the array vocabulary on these arrays
array_jets         an array with its derivatives along several directions
array_sweep        a gradient by one reverse sweep over arrays, or a Hessian times directions
array_jacobian     a Jacobian by evaluations on jets, or by reverse sweeps
directions         vectors whose products with a matrix show its entries
rounded            floats in place of balls, each operation of which may be rounded
rounded_functions  elementary functions of these
losses             how far libraries may be off the value of a special function
additions          what rounding does to sums of many numbers
row_blocks         a gradient over many rows, some at a time
matrices           products and factors of matrices of balls
balls              a number with a proved radius, which remembers how it was computed
jets               a number with its derivatives along several directions
series             a Taylor series over an interval, to bound derivatives there
conditions         conditions of loops, of which no slope is wanted
germs              a number just beside a point, as a series in the distance
vocabulary         the array vocabulary on arrays of these numbers
elementary         elementary functions of a number, with their slopes
special            special functions and their slopes in balls
natural            slopes by the formulas that libraries evaluate
evaluation         a cost run on balls, and why that may not be possible
first_order        first derivatives: on arrays, or a reverse sweep for every output
second_order       second derivatives: on arrays, or a sweep over single jets
sums               the numbers of a result, while their terms are added up
one_sided          partials where a comparison ties, or the chain rule gives 0·∞
formulas           what hand-derived formulas give without rounding
branches           which ways comparisons go, and points in the other ones
sensitivity        how much the truth changes with its inputs
difference_bounds  the error bounds of difference quotients
extent             how much is certified
budget             the time and the memory that all this may take
"""
