"""The harness that times: isolated, interleaved, repeatable, saved.

cells      the matrix problems × backends × sizes × dtypes × threads
worker     what one process does for its backend: set up a cell, run a burst, give evidence
isolation  one such process per backend, and what became of it
rounds     visits all backends' cells in shuffled rounds
intervals  medians, ratios, and how well they are known
saved      a run as a file of JSON Lines
benching   all of it together: from a matrix to records
"""
