"""What is shown: a problem's derivation, programs, pictures, descent and steps; and a check-up.

describe   formula, derivation, symbolic gradient, programs
programs   stand-alone programs, without calcbench
pictures   a file per kind of picture
descent    gradient descent by any backend
steps      the error of a difference quotient against its step
rows       some rows of long data, for what would take too long on all
unicode    LaTeX formulas as a line of Unicode
in_worker  a worker for all this, and `guest` its tasks
doctor     a check of the installation
"""
