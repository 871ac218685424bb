"""What several algorithms need and the rest of the layer does not. An image imports from its modules.

calibration   temperature scaling, isotonic regression, calibration error, reliability
charts        bars, confusion matrices and reliability diagrams for the training report
checkpoints   arrays that a training job saves against interruption
columns       the error for a column that a channel lacks
conformal     ranks of prediction intervals with finite-sample coverage
forest        tree ensembles as plain arrays
imports       LightGBM and XGBoost without what they import for nothing
precision     what numbers lose in 32 bits

No module imports a training library (matplotlib, pandas, SciPy, scikit-learn) at its top: servers import
these, too.
"""
