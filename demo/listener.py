"""What do the cameras publish?
A subscriber of its own hears it, with a certificate that may listen only.
"""

import json
import shutil
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from demo.errors import DemoFailed
from local.cloud import ACCOUNT, REGION

if TYPE_CHECKING:
    from mypy_boto3_iot import IoTClient

TOPIC = "$aws/things/+/infer"
CONNECT_SECONDS = 15.0


class Listener:
    """`heard[thing]` holds each result as it went over the broker,
    in a form that can be compared.
    """

    def __init__(self, name: str, folder: Path) -> None:
        self._name, self._folder = name, folder
        self._subscribed = threading.Event()
        self.heard: dict[str, set[str]] = {}
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=name)

    def start(self, iot: "IoTClient", host: str, port: int, ca: Path) -> None:
        certificate, key = self._allow(iot)
        self._client.tls_set(str(ca), str(certificate), str(key))
        self._client.on_connect = lambda client, *_: client.subscribe(TOPIC, qos=1)
        self._client.on_subscribe = lambda *_: self._subscribed.set()
        self._client.on_message = lambda _client, _data, message: self._hear(
            message.topic, message.payload
        )
        try:
            self._client.connect(host, port)
        except OSError as error:  # TLS errors and time-outs as well
            raise DemoFailed(
                f"The MQTT broker at {host}:{port} cannot be reached: {error}."
            ) from error
        self._client.loop_start()
        if not self._subscribed.wait(CONNECT_SECONDS):
            raise DemoFailed(
                "The MQTT broker did not let the demo's listener subscribe to the cameras' results."
            )

    def stop(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _allow(self, iot: "IoTClient") -> tuple[Path, Path]:
        def arn(kind: str, name: str) -> str:
            return f"arn:aws:iot:{REGION}:{ACCOUNT}:{kind}/{name}"

        statements = [
            {"Effect": "Allow", "Action": "iot:Connect", "Resource": arn("client", self._name)},
            {"Effect": "Allow", "Action": "iot:Subscribe", "Resource": arn("topicfilter", TOPIC)},
            {
                "Effect": "Allow",
                "Action": "iot:Receive",
                "Resource": arn("topic", "$aws/things/*/infer"),
            },
        ]
        document = json.dumps({"Version": "2012-10-17", "Statement": statements})
        iot.create_policy(policyName=self._name, policyDocument=document)
        made = iot.create_keys_and_certificate(setAsActive=True)
        iot.attach_policy(policyName=self._name, target=made["certificateArn"])
        self._folder.mkdir(parents=True, exist_ok=True)
        certificate, key = self._folder / "certificate.pem", self._folder / "private.key"
        certificate.write_text(made["certificatePem"])
        key.touch(mode=0o600)
        key.write_text(made["keyPair"]["PrivateKey"])
        return certificate, key

    def _hear(self, topic: str, payload: bytes | bytearray) -> None:
        thing = topic.split("/")[2]
        self.heard.setdefault(thing, set()).add(canonical(json.loads(payload)))


def canonical(probabilities: dict[str, float]) -> str:
    return json.dumps(probabilities, sort_keys=True)
