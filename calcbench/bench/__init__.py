"""The benchmark: timings that are isolated, interleaved, repeatable and saved.

cells              the matrix problems × backends × sizes × dtypes × threads
planning           how long it will take
worker             a backend's process: set up a cell, time a burst, run for the judge
judging            the judge's process: draw the inputs, judge what the backends gave
numbers            the numbers of points, as these processes send them to each other
rounds             visit all backends' cells in shuffled rounds
intervals          medians and ratios with their 95 % intervals
run                all of it together: from a matrix to records
session            a run that is begun or resumed, and its file
selection          a session from selectors
session_in_worker  a session of a command, which runs in a worker
guest              the tasks of that worker
environment        the machine and the libraries of a run
fingerprint        hashes of the source, by which a record is out of date
"""
