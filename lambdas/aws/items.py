"""What are the items of the state table called? What each is for: lambdas/aws/state.py.

Each role may write only its own (stacks/steps/access.py). A name that ends in # begins many.
"""

TRIGGER, SPLIT = "trigger", "split"
DATASET, TRAINED = "dataset", "trained"
APPROVAL, CANDIDATE, LIVE = "approval", "candidate", "live"
ROLLOUT, PRODUCTION = "rollout", "production"
PROVED, ROLLBACK, PAUSED = "proved#", "rollback", "paused"
RELEASED, PACKAGE = "release#", "package#"
CAMERA, AGAIN = "camera#", "again"
KEYS, SIGNATURE = "keys", "signature#"
