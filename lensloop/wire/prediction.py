"""What does a release answer for one picture, and how far may that be believed?

Python 3.7 syntax: this file also lands on cameras.
"""

from __future__ import annotations

from typing import Any, Dict, NamedTuple, Optional

from lensloop.wire.manifest import Manifest

# Digits of a probability and of unfamiliarity behind the point: more is another processor's noise.
DIGITS = 6


class Prediction(NamedTuple):
    probabilities: Dict[str, float]  # by label, the likeliest first
    unsure: bool  # the confidence is below the release's reject threshold
    unfamiliar: bool  # the picture is not like anything that the model was taught
    unfamiliarity: Optional[float]  # higher = less like it; None: this release cannot tell

    @classmethod
    def by(
        cls,
        manifest: Manifest,
        probabilities: Dict[str, float],
        unfamiliarity: Optional[float] = None,
    ) -> Prediction:
        """By the thresholds of the release. `unfamiliarity` of None: its model does not say."""
        ranked = dict(sorted(probabilities.items(), key=lambda pair: -pair[1]))
        threshold = manifest.unfamiliar_threshold
        if threshold is None or unfamiliarity is None:
            unfamiliar, unfamiliarity = False, None
        else:
            unfamiliar = unfamiliarity > threshold
        unsure = next(iter(ranked.values())) < manifest.reject_threshold
        return cls(ranked, unsure, unfamiliar, unfamiliarity)

    @property
    def predicted(self) -> str:
        return next(iter(self.probabilities))

    @property
    def confidence(self) -> float:
        return self.probabilities[self.predicted]

    @property
    def words(self) -> str:
        """For a person, in the midst of a sentence."""
        answer = f"{self.predicted} ({self.confidence:.0%})"
        if self.unfamiliar:
            return f"not like anything it was taught; the nearest is {answer}"
        return f"perhaps {answer}, but unsure" if self.unsure else answer

    def content(self) -> Dict[str, Any]:
        """As JSON; docs/cameras.md describes it."""
        score = self.unfamiliarity
        return {
            "predicted": self.predicted,
            "confidence": round(self.confidence, DIGITS),
            "unsure": self.unsure,
            "unfamiliar": self.unfamiliar,
            "unfamiliarity": None if score is None else round(score, DIGITS),
            "probabilities": self.rounded(),
        }

    def rounded(self) -> Dict[str, float]:
        """`{label: probability}`, as AWS DeepLens projects publish it."""
        return {label: round(value, DIGITS) for label, value in self.probabilities.items()}
