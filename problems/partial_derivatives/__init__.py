"""Partial derivatives: let one variable move, hold the others constant."""

ORDER = (
    "saddle",
    "box_volume",
    "cylinder_volume",
    "cone_volume",
    "sphere_volume",
    "torus_volume",
    "damped_wave",
)
