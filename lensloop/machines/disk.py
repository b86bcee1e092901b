"""How large a disk may a training job ask for? Machines with disks of their own (NVMe) have those
and no others: SageMaker lays /opt/ml on them, whatever the request says, and an older wording
forbids to ask for more than there is ("You can't request a VolumeSizeInGB greater than the total
size of the local instance storage"; API reference, ResourceConfig and ProcessingClusterConfig).
"""

from collections.abc import Mapping

# Of the GPU types that an algorithm is given, in GB (EC2 User Guide, accelerated computing). A type
# that is not here gets the disk that it asks for.
OWN_GB: Mapping[str, int] = {
    **{"ml.g4dn.xlarge": 125, "ml.g4dn.2xlarge": 225, "ml.g4dn.4xlarge": 225},
    **{"ml.g4dn.8xlarge": 900, "ml.g4dn.12xlarge": 900, "ml.g4dn.16xlarge": 900},
    **{"ml.g5.xlarge": 250, "ml.g5.2xlarge": 450, "ml.g5.4xlarge": 600, "ml.g5.8xlarge": 900},
    **{"ml.g5.12xlarge": 3800, "ml.g5.16xlarge": 1900, "ml.g5.24xlarge": 3800},
    **{"ml.g6.xlarge": 250, "ml.g6.2xlarge": 450, "ml.g6.4xlarge": 600, "ml.g6.8xlarge": 900},
    **{"ml.g6.12xlarge": 3760, "ml.g6.16xlarge": 1880, "ml.g6.24xlarge": 3760},
}


def to_ask_for(wanted_gb: int, instance: str) -> int:
    return min(wanted_gb, OWN_GB.get(instance, wanted_gb))
