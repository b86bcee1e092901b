"""The proof of the retraining trigger: docs/trigger.md."""
