"""The networks: trained with Keras, run step by step with NumPy, kept in model folders.

TensorFlow is imported here alone, and only by what trains (`layers`, `networks`, `training`,
`keras_engine`).
"""
