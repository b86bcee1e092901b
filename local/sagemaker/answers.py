"""What do the local cloud's answers about SageMaker have in common? The form of an ARN, and of what
is refused.
"""

from typing import Any

from ministack.core.responses import error_response_json, get_account_id, get_region

Answer = Any  # what ministack's response functions give: status, headers, body
Request = dict[str, Any]


def arn(kind: str, name: str) -> str:
    return f"arn:aws:sagemaker:{get_region()}:{get_account_id()}:{kind}/{name}"


def invalid(message: str) -> Answer:
    return error_response_json("ValidationException", message, 400)
