"""Which client of boto3 does a service's name make? For type checkers; nothing here runs."""

from typing import TYPE_CHECKING, Any, Literal, Protocol, overload

if TYPE_CHECKING:
    from mypy_boto3_iot import IoTClient
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sagemaker import SageMakerClient
    from mypy_boto3_stepfunctions import SFNClient
    from mypy_boto3_sts import STSClient


class Clients(Protocol):
    @overload
    def __call__(self, service: Literal["iot"], /) -> "IoTClient": ...
    @overload
    def __call__(self, service: Literal["lambda"], /) -> "LambdaClient": ...
    @overload
    def __call__(self, service: Literal["s3"], /) -> "S3Client": ...
    @overload
    def __call__(self, service: Literal["sagemaker"], /) -> "SageMakerClient": ...
    @overload
    def __call__(self, service: Literal["stepfunctions"], /) -> "SFNClient": ...
    @overload
    def __call__(self, service: Literal["sts"], /) -> "STSClient": ...
    @overload
    def __call__(self, service: str, /) -> Any:
        """A service whose stubs are not installed, as CloudWatch Logs'."""
