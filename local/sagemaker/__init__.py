"""How does the local cloud train? As SageMaker does,
with a process in place of the container on an instance.

service.py    the API: create, describe, list, stop
registry.py   the model registry: groups, versions, approval
lineage.py    artifacts, and what leads from one to another
requests.py   which requests AWS refuses
job.py        one job from Starting to its end
inputs.py     /opt/ml/input: channels and configuration files
checkpoints.py  what a job keeps beyond its end
box.py        what the process sees: /opt/ml, no network, an interpreter without our packages
images.py     AWS's own images that have a stand-in here
outputs.py    model.tar.gz, output.tar.gz, logs, metrics
role.py       the credentials of the job's role
"""
