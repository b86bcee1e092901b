"""Does the broker let a camera or an indicator in with what its folder holds? Tried from here as it
will, so that nobody carries a folder to one which cannot connect.
"""

import socket
import ssl
import struct
import time
from collections.abc import Callable
from pathlib import Path

from camera import config
from camera.connection import ConfigError, Connection
from camera.trust import trusting

# A certificate that was made a moment ago is not known everywhere at AWS yet.
PATIENCE_SECONDS = 6.0
_KNOCK_SECONDS = 5.0
_AGAIN_SECONDS = 1.0


def problem(home: Path) -> str:
    """Why the camera of this folder cannot connect, without a full stop; nothing when it can."""
    return refusal(lambda: config.read(home).connection)


def refusal(read: Callable[[], Connection]) -> str:
    """The same of whoever connects."""
    try:
        found = read()
    except ConfigError as error:  # the key may have been moved to the camera, as the docs advise
        return f"whether it can connect was not tried: {str(error).rstrip('.')}"
    deadline = time.monotonic() + PATIENCE_SECONDS
    while (why := _refusal(found)) and time.monotonic() < deadline:
        time.sleep(_AGAIN_SECONDS)
    return why


def _greeted(broker: ssl.SSLSocket, client: str) -> int:
    """MQTT 3.1.1's CONNECT and then DISCONNECT; 0 means welcome. A camera of that name which is
    connected now is thrown out by it, and comes back by itself.
    """
    name = client.encode()
    rest = b"\x00\x04MQTT\x04\x02\x00\x1e" + struct.pack(">H", len(name)) + name
    # Seven bits a byte, the eighth for "more": a camera's longest name needs two of them.
    high, low = divmod(len(rest), 128)
    length = bytes([low | 0x80, high] if high else [low])
    broker.sendall(b"\x10" + length + rest)
    answer = broker.recv(4)
    if len(answer) < 4:
        raise ConnectionResetError("it hung up")
    broker.sendall(b"\xe0\x00")
    return answer[3]


def _refusal(read: Connection) -> str:
    where = f"{read.endpoint}:{read.port}"
    try:
        context = trusting(read.ca)
        # Here a refused client hears of it during the handshake, and not at its first message.
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        context.load_cert_chain(str(read.certificate), str(read.key))
        with (
            socket.create_connection((read.endpoint, read.port), _KNOCK_SECONDS) as plain,
            context.wrap_socket(plain, server_hostname=read.endpoint) as broker,
        ):
            code = _greeted(broker, read.client)
            return f"the broker at {where} refuses it (MQTT code {code})" if code else ""
    except ssl.SSLCertVerificationError as error:
        whom = read.ca or "the certificate authorities of this system"
        return f"the broker at {where} is not one that {whom} vouches for ({error.verify_message})"
    except (ssl.SSLError, ConnectionResetError) as error:
        return f"the broker at {where} refuses it ({error})"
    except OSError as error:
        return f"no broker answers at {where} from here ({error})"
