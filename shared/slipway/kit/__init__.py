"""What several algorithms need and the rest of the layer does not. An image imports from its modules.

forest        tree ensembles as plain arrays

No module imports a training library (matplotlib, pandas, SciPy, scikit-learn) at its top: servers import
these, too.
"""
