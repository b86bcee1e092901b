"""Does the retraining trigger keep its promise? The proof of it: docs/trigger.md."""
