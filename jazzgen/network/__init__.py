"""The networks: trained with Keras, run step by step with NumPy, kept in model folders.

TensorFlow is imported here alone, through `backend`, and only by what trains: `networks`,
`training`, `training_run`, `keras_engine`, `architectures`.
"""
