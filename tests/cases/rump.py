import calcbench


@calcbench.problem(a=77617.0, b=33096.0)
def rump(xp, a, b):
    """A rational function that cancels thirty-six digits."""
    return (
        333.75 * b**6 + a**2 * (11 * a**2 * b**2 - b**6 - 121 * b**4 - 2) + 5.5 * b**8 + a / (2 * b)
    )
