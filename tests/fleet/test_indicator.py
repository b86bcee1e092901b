"""An indicator may hear one camera, under its own name, and nothing else."""

from lensloop.fleet.indicator import indicator_policy


def test_it_connects_under_its_name_and_hears_one_topic() -> None:
    here = "arn:aws-cn:iot:cn-north-1:123456789012"
    policy = indicator_policy(f"{here}:thing/deeplens_hall", "deeplens-trash-indicator-1a2b")
    heard = "deeplens/deeplens_hall/answers"
    assert policy == {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": "iot:Connect",
                "Resource": f"{here}:client/deeplens-trash-indicator-1a2b",
            },
            {
                "Effect": "Allow",
                "Action": "iot:Subscribe",
                "Resource": f"{here}:topicfilter/{heard}",
            },
            {"Effect": "Allow", "Action": "iot:Receive", "Resource": f"{here}:topic/{heard}"},
        ],
    }
