"""calcbench as a tool of GradBench: its messages answered, its functions by any backend.

evaluations    which function of GradBench is which operator of which problem
fields         what is read off an input, and told where it is of another form
evaluation     a function made ready at an input: what is timed, and what is said of it
descent        gradient descent around a problem, for functions that are the end of one
repeat         running it as often and as long as GradBench asks for
conversation   the messages, one after the other
"""
