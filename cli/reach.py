"""Does the broker let a camera in with what its folder holds? Tried from here as the
camera will, so that nobody carries a folder to one which cannot connect.
"""

import socket
import ssl
import struct
import time
from pathlib import Path

from camera import config
from camera.config import Config, ConfigError
from camera.trust import trusting

# A certificate that was made a moment ago is not known everywhere at AWS yet.
PATIENCE_SECONDS = 6.0
_KNOCK_SECONDS = 5.0
_AGAIN_SECONDS = 1.0


def problem(home: Path) -> str:
    """Why the camera of this folder cannot connect, without a full stop; nothing when it can."""
    try:
        read = config.read(home)
    except ConfigError as error:  # the key may have been moved to the camera, as the docs advise
        return f"whether it can connect was not tried: {str(error).rstrip('.')}"
    deadline = time.monotonic() + PATIENCE_SECONDS
    while (found := _refusal(read)) and time.monotonic() < deadline:
        time.sleep(_AGAIN_SECONDS)
    return found


def _greeted(broker: ssl.SSLSocket, thing: str) -> int:
    """MQTT 3.1.1's CONNECT and then DISCONNECT; 0 means welcome. A camera of that name which is
    connected now is thrown out by it, and comes back by itself.
    """
    name = thing.encode()
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


def _refusal(read: Config) -> str:
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
            code = _greeted(broker, read.thing)
            return f"the broker at {where} refuses it (MQTT code {code})" if code else ""
    except ssl.SSLCertVerificationError as error:
        whom = read.ca or "the certificate authorities of this system"
        return f"the broker at {where} is not one that {whom} vouches for ({error.verify_message})"
    except (ssl.SSLError, ConnectionResetError) as error:
        return f"the broker at {where} refuses it ({error})"
    except OSError as error:
        return f"no broker answers at {where} from here ({error})"
