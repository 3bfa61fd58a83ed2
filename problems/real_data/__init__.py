"""Real data: the same gradients on measurements of patients."""

ORDER = ("diabetes_linear_regression", "breast_cancer_logistic_regression")
