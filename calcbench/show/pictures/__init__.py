"""Pictures of a cost, one file per kind: curve, surface, contours, slices, fit, profile, graph.

plot        which kinds suit a problem, or the one asked for
landscape   the cost around a point: its values and slopes, by one backend
grid        the cost of two components on a grid, for level curves
windows     how far a picture reaches, and where a curve is broken
style       colours, numbers and what all charts share
trace       the operations of a cost with their certified values and slopes, for the graph
layers      the places of a graph's nodes
descent     gradient descent: the path, the cost per step, the curve of a regression as it moves
steps       the error of a difference quotient against its step
"""
