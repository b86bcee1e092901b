"""How does the image's own entry point start the training? It runs this file, which runs the module
`training`, as our own entry point would.

The image's toolkit says the hyperparameters as arguments; the training reads them where SageMaker
writes them, and takes none.
"""

import runpy
import sys

if __name__ == "__main__":
    del sys.argv[1:]
    runpy.run_module("training", run_name="__main__", alter_sys=True)
