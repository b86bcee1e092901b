"""What runs in the environment of the SageMaker SDK, and nowhere else (decision 0002)."""
