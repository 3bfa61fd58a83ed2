"""Pictures of a cost, one file per kind: curve, surface, contours, slices, fit, profile, graph.

landscape   the cost around a point: its values and slopes, by one backend
windows     how far a picture reaches, and where a curve is broken
style       colours, numbers and what all charts share
plot        which kinds suit a problem
descent     gradient descent and its picture
"""
