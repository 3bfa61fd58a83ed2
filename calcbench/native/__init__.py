"""Functions as they are: code of NumPy, torch, JAX and TensorFlow, run on certified numbers.

A front end runs a user's function on numbers with proof (`certified`), one native operation after
the other, by the array vocabulary `xp` and the functions here that take it as their first argument.
So the numbers may be arrays of balls, of rounded floats, or single balls, jets and germs; whatever
is certified of a cost in the vocabulary, is certified of a native function. It is a `Function`
(`function`), and `certifying.certify` gives its `Certificate`.

function        what a front end is: a native function at an argument, on numbers with proof
problems        problems whose cost is a native function
certifying      the truth of an operator of it, and what rounding is allowed
reasons         why it is not certified: where in the user's code that is, and what to do instead
trees           an argument of arrays in tuples, lists and dicts ↔ arrays by name
outputs         what a function gives, an array or several, and cotangents of that form
held            arguments that no derivative leads from to the value
values          numbers with proof beside a framework's own arrays
elementwise     functions of single numbers, by name
comparing       comparisons, choices and orders
needs           what is needed of numbers on the way: values alone, or slopes too
reductions      sums, products and largest numbers along axes
movement        data movement, by running the framework's own operation on indices
products        products of arrays, convolutions, factors and solutions of matrices
decompositions  eigenvectors, singular vectors, Q and R, with the signs of native ones

front_ends      which front end a function needs
conversion      an argument in the arrays of another framework
relation        which number of one function's argument is which of another's
constants       constants that each framework has computed for itself
costs           costs of problems that are a framework's own code
as_problem      functions as they are, made a problem
numpy           NumPy's: by its protocols for arrays of others
torch           torch's: by the operations that a function runs through
jax             JAX's: an interpreter of jaxprs
tensorflow      TensorFlow's: an interpreter of graphs
rebinding       other functions under the names of a user's own modules, while a function runs
keeping         what a user's code holds is put back
"""
