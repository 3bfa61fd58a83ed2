"""The benchmark: timings that are isolated, interleaved, repeatable and saved.

cells        the matrix problems × backends × sizes × dtypes × threads
planning     how long it will take
worker       the tasks of a backend's process: set up a cell, time a burst, run for the judge
rounds       visit all backends' cells in shuffled rounds
intervals    medians and ratios with their 95 % intervals
run          all of it together: from a matrix to records
session      a run that is begun or resumed, and its file
environment  the machine and the libraries of a run
fingerprint  hashes of the source, by which a record is out of date
"""
