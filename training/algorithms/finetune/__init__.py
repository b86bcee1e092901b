"""What is the `finetune` algorithm? The pretrained backbone's late layers, or on a GPU all of them,
taught together with the head: train.py is what the job calls. Only this folder imports torch.
"""
