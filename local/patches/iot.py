"""Where does the emulator's MQTT broker behave unlike AWS IoT's?"""

import ssl

from ministack.services import iot

LOOPBACK = "127.0.0.1"
EVERYWHERE = "0.0.0.0"  # noqa: S104 - what the patch removes


def the_broker_listens_on_loopback_only() -> None:
    """Upstream binds 0.0.0.0 whatever BIND_HOST says (iot.py:12180); nothing of ours may listen
    beyond this machine.
    """
    code = iot._mtls_start_locked.__code__
    constants = tuple(
        LOOPBACK if constant == EVERYWHERE else constant for constant in code.co_consts
    )
    if constants == code.co_consts:
        raise RuntimeError(
            "ministack changed where its MQTT broker says which interface it listens on"
        )
    iot._mtls_start_locked.__code__ = code.replace(co_consts=constants)


def the_broker_asks_for_a_certificate() -> None:
    """Upstream serves a client that shows no certificate (iot.py:12117);
    AWS ends the TLS handshake.
    """
    build = iot._mtls_build_ssl_context

    def build_strictly() -> ssl.SSLContext:
        context: ssl.SSLContext = build()
        context.verify_mode = ssl.CERT_REQUIRED
        return context

    iot._mtls_build_ssl_context = build_strictly
