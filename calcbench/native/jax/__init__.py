"""JAX functions as they are: an interpreter of jaxprs on numbers with proof.

function      a JAX function at an argument
interpreter   runs the equations of a jaxpr, one after the other
demand        which of them are needed, and whether for values alone
framework     equations that JAX computes itself
step          one equation, as its rule is given it
rules         all rules, by primitive: those of
elementwise   functions of single numbers, comparisons, choices
moving        data movement, gathers and scatters
along_axes    reductions, running sums, windows, orders
matrices      products, convolutions, decompositions
control       calls, custom rules, loops, branches, linear solvers
smooth        what is smooth where its steps tie
"""
