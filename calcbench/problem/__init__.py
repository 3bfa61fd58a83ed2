"""What is differentiated: a cost function of named parameters, and the numbers in it."""
