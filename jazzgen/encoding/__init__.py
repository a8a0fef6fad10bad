"""Solos spelled as values, their context, and the tensors and datasets made of them."""
