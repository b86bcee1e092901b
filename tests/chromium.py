"""Is there a Chromium on this machine, in which tests can open a page?"""

import shutil

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome")
CHROMIUM = next(filter(None, map(shutil.which, NAMES)), "")
in_chromium = pytest.mark.skipif(not CHROMIUM, reason="no Chromium is installed here")
