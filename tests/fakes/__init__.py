"""The edges of the world, faked: S3, DynamoDB, Step Functions, the clock."""
