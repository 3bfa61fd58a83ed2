"""GradBench's evaluations, each function written once. They take part when they are named."""

ORDER = (
    "hello",
    "lse",
    "llsq",
    "kmeans",
    "gmm",
    "lstm",
    "det",
    "det_by_lu",
    "ode",
    "ode_solution",
    "ba",
    "ht_simple",
    "ht_complicated",
    "saddle_game",
    "saddle_answer",
    "particle",
)
