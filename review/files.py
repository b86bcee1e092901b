"""How is a file kept on this machine? At once or not at all; a full disk is no reason to show
nothing.
"""

import os
import threading
from pathlib import Path


def keep(file: Path, content: bytes) -> bool:
    draft = file.with_name(f".{file.name}.{threading.get_ident()}.part")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        draft.write_bytes(content)
        os.replace(draft, file)
    except OSError:
        draft.unlink(missing_ok=True)
        return False
    return True
