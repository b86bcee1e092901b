"""Are the pictures that the candidate gets wrong listed, most confident first?"""

import hashlib

from training.evaluate import Answers
from training.mistakes import mistakes
from training.pictures import Picture


def picture(number: int, label: str) -> Picture:
    sha256 = hashlib.sha256(str(number).encode()).hexdigest()
    return Picture(f"images/{label}/{number}.jpg", sha256, label, "test", "0" * 16)


def test_only_wrong_answers_are_mistakes_and_the_most_confident_comes_first() -> None:
    test = [picture(number, "can") for number in range(4)]
    answers = Answers(["glass", "can", "glass", "paper"], [0.6, 0.99, 0.9, 0.7])
    assert mistakes(test, answers) == [2, 3, 0]


def test_equally_confident_mistakes_have_one_order() -> None:
    test = [picture(number, "can") for number in range(6)]
    there = [test[i] for i in mistakes(test, Answers(["glass"] * 6, [0.5] * 6))]
    back = test[::-1]
    assert [back[i] for i in mistakes(back, Answers(["glass"] * 6, [0.5] * 6))] == there
