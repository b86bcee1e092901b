"""Who may deploy without keys? GitHub Actions of one repository, from the environment where a
person may hold it, through CDK's own roles; its pull requests may only compare.
"""

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from constructs import Construct

from lensloop.settings import Settings

HOST = "token.actions.githubusercontent.com"
# The roles that `cdk bootstrap` made; what may be created is decided there and not here.
ENVIRONMENT = (
    "production"  # .github/workflows/ci.yml names it; docs/delivery.md says how to protect it
)
BOOTSTRAP_ROLES = ("deploy-role", "file-publishing-role", "lookup-role")


class DeliveryStack(cdk.Stack):
    def __init__(
        self, scope: Construct, prefix: str, *, settings: Settings, env: cdk.Environment
    ) -> None:
        super().__init__(
            scope, f"{prefix}-delivery", env=env, description="Lensloop: deployments from GitHub"
        )
        self._prefix, self._repository = prefix, settings.github_repository
        self._provider = self._provider_arn(settings)
        self._deploy()
        self._diff()

    def _deploy(self) -> None:
        role = self._role("Deploy", f"environment:{ENVIRONMENT}")
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

    def _diff(self) -> None:
        """Reads templates, and nothing that people entrusted to us: CDK's own role for looking
        things up may read the whole account.
        """
        role = self._role("Diff", "pull_request")
        stacks = self.format_arn(
            service="cloudformation", resource="stack", resource_name=f"{self._prefix}-*"
        )
        role.add_to_policy(
            iam.PolicyStatement(
                actions=["cloudformation:DescribeStacks", "cloudformation:GetTemplate"],
                resources=[stacks],
            )
        )
        cdk.CfnOutput(
            self,
            "DiffRole",
            value=role.role_arn,
            description="Repository variable AWS_DIFF_ROLE",
        )

    def _role(self, what: str, subject: str) -> iam.Role:
        """For the jobs of the repository that GitHub's token calls `subject`."""
        return iam.Role(
            self,
            what,
            role_name=f"{self._prefix}-{what.lower()}-{self.region}",
            assumed_by=iam.WebIdentityPrincipal(
                self._provider,
                {
                    "StringEquals": {
                        f"{HOST}:aud": "sts.amazonaws.com",
                        f"{HOST}:sub": f"repo:{self._repository}:{subject}",
                    }
                },
            ),
            max_session_duration=cdk.Duration.hours(1),
            description=f"{self._repository}, {subject}: {what.lower()} of {self._prefix}",
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
