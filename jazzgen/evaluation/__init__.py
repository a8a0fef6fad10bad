"""How good a model is, measured on solos it never saw."""
