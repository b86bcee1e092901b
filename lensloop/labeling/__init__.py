"""People label pictures by SageMaker Ground Truth: what it is asked, and what is taken of it."""
