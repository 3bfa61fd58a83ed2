"""The tests that calcbench's own backends have to pass, for yours.

    from calcbench.conformance import vocabulary

    for name in vocabulary.NAMES:
        vocabulary.check(MyBackend(), name)

What is expected comes from mpmath at 400 digits, and from no backend.
"""
