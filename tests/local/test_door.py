"""A page in the browser must not own the laptop: the attack, played against a running cloud.

What every variant tries is to create a role, which a function could then run with.
"""

import http.client
from collections.abc import Mapping
from urllib.parse import quote, urlencode

import pytest

from local.patches.door import refusal
from tests.local.account import Aws

FORM = {"Content-Type": "text/plain"}  # what a page may send without asking first
SCOPE = "20260101/us-east-1/iam/aws4_request"
ROLE = urlencode(
    {
        "Action": "CreateRole",
        "Version": "2010-05-08",
        "RoleName": "stolen",
        "AssumeRolePolicyDocument": '{"Version":"2012-10-17","Statement":[]}',
    }
)


def with_key(key: str) -> str:
    """A key in the address, as in a presigned URL."""
    signed = {
        "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
        "X-Amz-Credential": f"{key}/{SCOPE}",
        "X-Amz-Date": "20260101T000000Z",
        "X-Amz-SignedHeaders": "host",
        "X-Amz-Signature": "0" * 64,
    }
    return f"/?{urlencode(signed)}"


def by_header(key: str) -> dict[str, str]:
    return {
        "Authorization": f"AWS4-HMAC-SHA256 Credential={key}/{SCOPE},"
        f" SignedHeaders=host, Signature={'0' * 64}"
    }


def own(aws: Aws) -> str:
    """What a page could do if it knew the key, and still must not."""
    return aws.cloud.env["AWS_ACCESS_KEY_ID"]


ATTACKS: dict[str, tuple[str, Mapping[str, str]]] = {
    "keys that everybody knows, in the address": (with_key("test"), FORM),
    "keys that everybody knows, in a header": ("/", by_header("test")),
    "an account's number as the key": (with_key("000000000000"), FORM),
    "a key that nobody has": (with_key("AKIAIOSFODNN7EXAMPLE"), FORM),
    "no signature at all": ("/", FORM),
    "an empty key": (with_key(""), FORM),
    "a page of another origin": ("own", {**FORM, "Origin": "https://evil.example"}),
    "a page of no origin": ("own", {**FORM, "Origin": "null"}),
    "a page served by this machine": ("own", {**FORM, "Origin": "http://localhost:3000"}),
    "a browser that hides the origin": ("own", {**FORM, "Sec-Fetch-Site": "cross-site"}),
    "a name that points here": ("own", {**FORM, "Host": "evil.example"}),
    "a name that looks like this machine": ("own", {**FORM, "Host": "127.0.0.1.evil.example"}),
    "a name that begins like this machine": ("own", {**FORM, "Host": "localhost.evil.example:80"}),
}


def send(
    aws: Aws, method: str, path: str, headers: Mapping[str, str], body: str = ""
) -> http.client.HTTPResponse:
    connection = http.client.HTTPConnection("127.0.0.1", aws.cloud.port, timeout=10)
    connection.request(method, path, body, dict(headers))
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer


@pytest.mark.parametrize("attack", ATTACKS)
def test_a_page_in_the_browser_does_nothing(aws: Aws, attack: str) -> None:
    path, headers = ATTACKS[attack]
    answer = send(aws, "POST", with_key(own(aws)) if path == "own" else path, headers, ROLE)
    assert answer.status in (400, 401, 403)
    assert not [name for name in answer.headers if name.lower().startswith("access-control-")]
    assert "stolen" not in {role["RoleName"] for role in aws.iam.list_roles()["Roles"]}


def test_a_page_may_not_ask_whether_it_may(aws: Aws) -> None:
    asked = {"Origin": "https://evil.example", "Access-Control-Request-Method": "PUT"}
    answer = send(aws, "OPTIONS", "/", asked)
    assert answer.status == 403
    assert "access-control-allow-origin" not in {name.lower() for name in answer.headers}


@pytest.mark.parametrize("path", ["/_ministack/reset", "/_localstack/state/reset", "/_aws/x"])
def test_the_emulators_own_doors_are_closed_too(aws: Aws, path: str) -> None:
    bucket = aws.bucket()
    assert send(aws, "POST", path, FORM).status == 403
    assert bucket in {found["Name"] for found in aws.s3.list_buckets()["Buckets"]}


def test_an_object_of_the_bucket_needs_a_key(aws: Aws) -> None:
    bucket = aws.bucket()
    aws.s3.put_object(Bucket=bucket, Key="a b/ü.txt", Body=b"mine")
    assert send(aws, "GET", f"/{bucket}/{quote('a b/ü.txt')}", {}).status == 403


def test_a_presigned_link_works_without_any_other_key(aws: Aws) -> None:
    """It is what a camera fetches with."""
    bucket = aws.bucket()
    aws.s3.put_object(Bucket=bucket, Key="a", Body=b"mine")
    link = aws.s3.generate_presigned_url("get_object", {"Bucket": bucket, "Key": "a"})
    assert send(aws, "GET", link.partition(str(aws.cloud.port))[2], {}).status == 200


def test_each_cloud_has_a_key_of_its_own(aws: Aws) -> None:
    key, secret = (aws.cloud.env[f"AWS_{part}"] for part in ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY"))
    assert key.startswith("AKIA")
    assert len(key) == 20
    assert len(secret) >= 32


@pytest.mark.parametrize(
    ("host", "is_let_in"),
    [
        ("127.0.0.1", True),
        ("127.0.0.1:4566", True),
        ("localhost:4566", True),
        ("[::1]:4566", True),
        ("[::1]", True),
        ("pictures.localhost:4566", True),
        ("", False),
        ("evil.example", False),
        ("evil.example:4566", False),
        ("localhost.evil.example", False),
        ("127.0.0.1.evil.example:4566", False),
        ("notlocalhost", False),
        ("0.0.0.0:4566", False),
    ],
)
def test_only_this_machines_names_are_let_in(host: str, is_let_in: bool) -> None:
    headers = [(b"Host", host.encode()), (b"Authorization", b"AWS4-HMAC-SHA256 Credential=x")]
    found = refusal({"type": "http", "path": "/", "headers": headers, "query_string": b""})
    assert (found == "") is is_let_in
