"""Certified derivatives: the cost in ball arithmetic, differentiated by reverse sweeps.

Every number carries a rigorous error radius (Johansson, "Arb: efficient arbitrary-precision
midpoint-radius interval arithmetic", IEEE Trans. Computers 66 (2017) 1281-1292), through
python-flint. Raised to high precision a sweep gives a reference; at 53 bits its radius bounds
what rounding may do to an honest double-precision evaluation. Second derivatives come from the
same sweep on jets (`jets`).
"""
