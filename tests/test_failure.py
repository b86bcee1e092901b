"""Is the sentence found that a person can read in what Step Functions says of a failure?"""

import pytest

from lensloop.failure import sentence


@pytest.mark.parametrize(
    ("cause", "expected"),
    [
        ('{"errorMessage": "It \\"broke\\".", "errorType": "X"}', 'It "broke".'),
        ('{"errorMessage":"tight"}', "tight"),
        (
            '{"TrainingJobName": "x", "FailureReason": "AlgorithmError: too few"}',
            "AlgorithmError: too few",
        ),
        ("not JSON at all", "not JSON at all"),
        ('{"errorMessage": null}', '{"errorMessage": null}'),
        ("", "States.Timeout"),
    ],
)
def test_the_sentence_inside_a_failure(cause: str, expected: str) -> None:
    assert sentence({"error": "States.Timeout", "cause": cause}) == expected
