import multiprocessing

import calcbench


@calcbench.problem(x=1.0)
def hangs_in_parent(x):
    """x²; it never ends in a process that no other has started."""
    if multiprocessing.parent_process() is None:
        while True:
            pass
    return x**2
