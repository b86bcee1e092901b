"""What does MXNet itself write and answer? Run by its own Python (`make mxnet`), never imported:
`python mxnet_artefacts.py FOLDER NAME…` writes networks with random weights as the built-in
algorithm does; without a name, what each network in the folder answers for its pictures.npy.
"""

import sys
from pathlib import Path

import numpy

numpy.bool = bool  # type: ignore[misc,assignment]  # MXNet 1.9.1 asks for what is gone
import mxnet as mx  # noqa: E402
from mxnet.gluon.model_zoo import vision  # noqa: E402

LABELS = 6


def write(folder: Path, pictures: numpy.ndarray, names: list[str]) -> None:
    for name in names:
        mx.random.seed(7)
        network = getattr(vision, name)(classes=LABELS)
        network.initialize(mx.init.Xavier(magnitude=2.0))
        given = mx.nd.array(pictures)
        with mx.autograd.record(train_mode=True):
            network(given)  # so that the batch normalisations have seen something
        weights = network.output.weight
        weights.set_data(mx.nd.random.normal(0, 0.6, shape=weights.shape))
        network.hybridize()
        logits = network(mx.sym.Variable("data"))
        answer = mx.sym.SoftmaxOutput(logits, name="softmax")
        params = network.collect_params().values()
        arguments, states = logits.list_arguments(), logits.list_auxiliary_states()
        (folder / name).mkdir()
        mx.model.save_checkpoint(
            str(folder / name / "image-classification"),
            7,
            answer,
            {p.name: p.data() for p in params if p.name in arguments},
            {p.name: p.data() for p in params if p.name in states},
        )


def answer(folder: Path, pictures: numpy.ndarray) -> None:
    """Of whatever is there, by MXNet's own module, as the built-in algorithm's endpoint does."""
    for path in sorted(folder.glob("*/image-classification-*.params")):
        prefix, epoch = str(path.parent / "image-classification"), int(path.stem[-4:])
        symbol, arguments, states = mx.model.load_checkpoint(prefix, epoch)
        module = mx.mod.Module(symbol, context=mx.cpu(), label_names=None)
        module.bind([("data", pictures.shape)], for_training=False)
        module.set_params(arguments, states, allow_missing=True)
        module.forward(mx.io.DataBatch([mx.nd.array(pictures)]), is_train=False)
        numpy.save(path.parent / "answers.npy", module.get_outputs()[0].asnumpy())


if __name__ == "__main__":
    where = Path(sys.argv[1])
    shown = numpy.load(where / "pictures.npy")
    if sys.argv[2:]:
        write(where, shown, sys.argv[2:])
    else:
        answer(where, shown)
