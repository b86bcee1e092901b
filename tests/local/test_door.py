"""A page in the browser must not own the laptop: the attack, played against a running cloud.

What every variant tries is to create a role, which a function could then run with. The emulator as
the tests use it, without our patches, has the same guards.
"""

import hashlib
import http.client
import os
import re
import socket
import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from urllib.parse import quote, urlencode

import psutil
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from local import leftovers
from local.keys import new_keys
from local.patches.door import refusal
from local.tools import PROJECT
from tests.local.account import Aws

FORM = {"Content-Type": "text/plain"}  # what a page may send without asking first
NOW = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
SCOPE = f"{NOW[:8]}/us-east-1/iam/aws4_request"
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
        "X-Amz-Date": NOW,
        "X-Amz-SignedHeaders": "host",
        "X-Amz-Signature": "0" * 64,
    }
    return f"/?{urlencode(signed)}"


def by_header(key: str) -> dict[str, str]:
    return {
        **FORM,
        "X-Amz-Date": NOW,
        "Authorization": f"AWS4-HMAC-SHA256 Credential={key}/{SCOPE},"
        f" SignedHeaders=host, Signature={'0' * 64}",
    }


def own(aws: Aws) -> str:
    """What a page could do if it knew the key, and still must not."""
    return aws.cloud.keys.access_key_id


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
    "another port of this machine": ("own", {**FORM, "Sec-Fetch-Site": "same-site"}),
    "a page that came by a name for this machine": (
        "own",
        {**FORM, "Sec-Fetch-Site": "same-origin"},
    ),
    "the old way to sign": ("/?AWSAccessKeyId=test&Signature=x&Expires=9999999999", FORM),
    "the old way to sign, in a header": ("/", {**FORM, "Authorization": "AWS test:x"}),
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


@pytest.fixture(params=["aws", "upstream"])
def guarded(request: pytest.FixtureRequest) -> Aws:
    """With our patches, and as the tests of the patches use it."""
    cloud: Aws = request.getfixturevalue(request.param)
    return cloud


@pytest.mark.parametrize("attack", ATTACKS)
def test_a_page_in_the_browser_does_nothing(guarded: Aws, attack: str) -> None:
    aws, (path, headers) = guarded, ATTACKS[attack]
    answer = send(aws, "POST", with_key(own(aws)) if path == "own" else path, headers, ROLE)
    assert answer.status in (400, 401, 403)
    assert not [name for name in answer.headers if name.lower().startswith("access-control-")]
    assert "stolen" not in {role["RoleName"] for role in aws.iam.list_roles()["Roles"]}


@pytest.mark.parametrize("attack", sorted(set(ATTACKS) - {"an empty key"}))
def test_a_form_does_as_little_as_a_script(guarded: Aws, attack: str) -> None:
    """It is what a browser sends without any script."""
    path, headers = ATTACKS[attack]
    form = {**headers, "Content-Type": "application/x-www-form-urlencoded"}
    answer = send(guarded, "POST", with_key(own(guarded)) if path == "own" else path, form, ROLE)
    assert answer.status in (400, 401, 403)
    assert "stolen" not in {role["RoleName"] for role in guarded.iam.list_roles()["Roles"]}


@pytest.mark.parametrize("forge", [with_key, by_header])
def test_the_name_of_a_key_does_nothing_without_its_secret(guarded: Aws, forge: object) -> None:
    """The name is in every link that was signed with it."""
    name = own(guarded)
    path, headers = (with_key(name), FORM) if forge is with_key else ("/", by_header(name))
    assert send(guarded, "POST", path, headers, ROLE).status in (400, 403)
    assert "stolen" not in {role["RoleName"] for role in guarded.iam.list_roles()["Roles"]}


def test_the_key_of_a_function_cannot_be_computed(guarded: Aws) -> None:
    function = guarded.function(
        "import os\ndef handler(event, context): return os.environ['AWS_ACCESS_KEY_ID']",
    )
    role = guarded.lambda_.get_function_configuration(FunctionName=function)["Role"]
    key = guarded.lambda_.invoke(FunctionName=function)["Payload"].read().decode().strip('"')
    guessed = hashlib.sha256(f"{function}:{role}".encode()).hexdigest()[:16].upper()
    assert re.fullmatch(r"ASIA[0-9A-F]{16}", key)
    assert key != f"ASIA{guessed}"
    assert send(guarded, "POST", with_key(f"ASIA{guessed}"), FORM, ROLE).status == 403


def test_a_program_that_signs_is_served(guarded: Aws) -> None:
    """As the AWS CLI and every SDK sign; nothing else changes between this and the attacks."""
    endpoint = f"{guarded.cloud.endpoint}/"
    asked = AWSRequest("POST", endpoint, FORM, "Action=ListRoles&Version=2010-05-08")
    SigV4Auth(Credentials(*guarded.cloud.keys), "iam", "us-east-1").add_auth(asked)
    answer = send(guarded, "POST", "/", dict(asked.headers.items()), str(asked.data))
    assert answer.status == 200
    assert not [name for name in answer.headers if name.lower().startswith("access-control-")]


def test_nothing_listens_beyond_loopback(guarded: Aws) -> None:
    addresses = set()
    for pid in leftovers.marked(guarded.cloud._state.root):
        for connection in psutil.Process(pid).net_connections("inet"):
            if connection.status == psutil.CONN_LISTEN or connection.type == socket.SOCK_DGRAM:
                addresses.add(connection.laddr.ip)
    assert addresses == {"127.0.0.1"}


@pytest.mark.skipif(
    sys.platform != "linux",
    reason="only Linux answers on all of 127.0.0.0/8, of which we may take 127.0.0.1 alone",
)
def test_the_broker_and_the_gateway_answer_at_no_other_address(guarded: Aws) -> None:
    for port in (guarded.cloud.port, guarded.cloud.mqtt_port):
        with socket.socket() as other:
            other.settimeout(2)
            assert other.connect_ex(("127.0.0.2", port)) != 0


def test_a_page_may_not_ask_whether_it_may(guarded: Aws) -> None:
    asked = {"Origin": "https://evil.example", "Access-Control-Request-Method": "PUT"}
    answer = send(guarded, "OPTIONS", "/", asked)
    assert answer.status == 403
    assert "access-control-allow-origin" not in {name.lower() for name in answer.headers}


@pytest.mark.parametrize("path", ["/_ministack/reset", "/_localstack/state/reset", "/_aws/x"])
@pytest.mark.parametrize("key", ["", "test", "000000000000"])
def test_the_emulators_own_doors_are_closed_too(aws: Aws, path: str, key: str) -> None:
    bucket = aws.bucket()
    signed = with_key(key).removeprefix("/") if key else ""
    assert send(aws, "POST", f"{path}{signed}", FORM).status == 403
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


def test_each_start_has_keys_of_its_own() -> None:
    first, second = new_keys(), new_keys()
    assert first.access_key_id != second.access_key_id
    assert first.secret_access_key != second.secret_access_key
    for keys in (first, second):
        assert re.fullmatch(r"AKIA[A-Z2-7]{16}", keys.access_key_id)
        assert re.fullmatch(r"[A-Za-z0-9_-]{40}", keys.secret_access_key)


def test_only_its_owner_reads_the_keys(aws: Aws) -> None:
    root = aws.cloud._state.root
    holding = set()
    for file in root.iterdir():
        if file.is_file() and aws.cloud.keys.secret_access_key in file.read_text(errors="replace"):
            holding.add(file.name)
    assert holding == {"connection.json"}
    for name in ("connection.json", "cloud.json"):
        assert (root / name).stat().st_mode & 0o777 == 0o600


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
    headers = [(b"Host", host.encode())]
    scope = {"type": "http", "path": "/_ministack/ready", "headers": headers, "query_string": b""}
    assert (refusal(scope) == "") is is_let_in


@pytest.mark.parametrize(
    ("key", "is_root"),
    [("AKIAOWN", True), ("", True), ("test", False), ("000000000000", False)],
)
def test_behind_the_door_as_well_only_its_own_key_is_root(key: str, is_root: bool) -> None:
    """In a process of its own, as it changes the emulator's modules."""
    program = (
        "from local.patches.door import only_its_own_key_is_root as guard, iam_evaluator, sts\n"
        "guard()\n"
        f"print([module.is_root_access_key({key!r}) for module in (iam_evaluator, sts)])"
    )
    asked = subprocess.run(
        [sys.executable, "-c", program],
        cwd=PROJECT,
        env=os.environ | {"AWS_ACCESS_KEY_ID": "AKIAOWN"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert asked.stdout.strip().endswith(str([is_root, is_root]))
