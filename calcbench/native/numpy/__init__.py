"""NumPy: functions of arrays and Python numbers as they are, by NumPy's protocols (NEP 13 and 18).

function    a NumPy function at an argument
array       what it is given in place of an array, which carries numbers with proof
flat        its numbers one after the other
dtypes      which dtype NumPy gives what is computed
storage     the numbers that an array shares with its views
functions   which function of the core each of NumPy's is
ufuncs      ufuncs and their methods
moving      functions that compute nothing, run on the places of numbers
escaping    what the protocols do not hand over: makers, conversions, `math`, SciPy's own functions
"""
