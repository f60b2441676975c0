"""The audit trail: every change of what is audited, and what was tried, chained so that no edit goes unseen.

The floor below the catalogue: models that inherit from `audited.Audited` are recorded here, and nothing here
knows what they are. Who acts, and why, comes from `occasion`.
"""
