"""Beyond the gradient: Hessians, Jacobians, and the sparse ones among them."""

ORDER = (
    "rosenbrock",
    "extended_rosenbrock",
    "curve_fit_residuals",
    "broyden_tridiagonal",
)
