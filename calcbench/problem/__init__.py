"""Problems: cost functions of named parameters, and the numbers that they are evaluated at."""
