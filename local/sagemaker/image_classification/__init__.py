"""What stands in for SageMaker's built-in image classification? A small trainer with the same
contract: what it is given, what it refuses, what it leaves. numpy and Pillow are all it needs.

__main__.py   the container's entry point
contract.py   what the built-in algorithm refuses
pictures.py   the .lst channels and their pictures, as it reads them
resnet.py     the network, in the algorithm's own naming
forward.py    what the network answers
last_layer.py how its last layer is taught (the others keep random weights)
artefact.py   the symbol and params files, as MXNet writes them
"""
