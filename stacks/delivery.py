"""Who may deploy without keys?
GitHub Actions on branch main of one repository, through CDK's own roles.
"""

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from constructs import Construct

from lensloop.settings import Settings

HOST = "token.actions.githubusercontent.com"
# The roles that `cdk bootstrap` made; what may be created is decided there and not here.
BOOTSTRAP_ROLES = ("deploy-role", "file-publishing-role", "lookup-role")


class DeliveryStack(cdk.Stack):
    def __init__(
        self, scope: Construct, prefix: str, *, settings: Settings, env: cdk.Environment
    ) -> None:
        super().__init__(
            scope, f"{prefix}-delivery", env=env, description="Lensloop: deployments from GitHub"
        )
        role = iam.Role(
            self,
            "Deploy",
            role_name=f"{prefix}-deploy-{self.region}",
            assumed_by=iam.WebIdentityPrincipal(
                self._provider_arn(settings),
                {
                    "StringEquals": {
                        f"{HOST}:aud": "sts.amazonaws.com",
                        f"{HOST}:sub": f"repo:{settings.github_repository}:ref:refs/heads/main",
                    }
                },
            ),
            max_session_duration=cdk.Duration.hours(1),
            description=f"{settings.github_repository}, branch main, deploys {prefix}",
        )
        qualifier = (
            self.synthesizer.bootstrap_qualifier or cdk.DefaultStackSynthesizer.DEFAULT_QUALIFIER
        )
        role.add_to_policy(
            iam.PolicyStatement(
                actions=["sts:AssumeRole"],
                resources=[
                    f"arn:{self.partition}:iam::{self.account}:role/cdk-{qualifier}-{name}-{self.account}-{self.region}"
                    for name in BOOTSTRAP_ROLES
                ],
            )
        )
        cdk.CfnOutput(
            self,
            "DeployRole",
            value=role.role_arn,
            description="Repository variable AWS_DEPLOY_ROLE",
        )

    def _provider_arn(self, settings: Settings) -> str:
        if settings.github_provider_exists:
            return self.format_arn(
                service="iam", region="", resource="oidc-provider", resource_name=HOST
            )
        provider = iam.OidcProviderNative(
            self, "GitHub", url=f"https://{HOST}", client_ids=["sts.amazonaws.com"]
        )
        return provider.oidc_provider_arn
