"""Random files and frames through pandas and through the library: the same rows and classes, or an
error in the library where pandas guesses. `cargo xtask test` runs this with the program of
examples/parity in UNIT8_PARITY."""

import io
import json
import math
import os
import random
import subprocess

import pandas as pd
import pytest

TEXTS = [
    *("Good film", "a, b and c", "x; y", "tab\there", "this | that", "two\nlines", "two\r\nlines", "a\rb"),
    *('he said "no"', '5" tape', '"', "", " spaces ", "it's", "0.50", "NA", "null", "naïve café", "£5", "'quoted'"),
]
WIDE = ["电影很好看。", "фильм", "👍🏽", "\ufeffmark", "\u2028"]
LABELS = {
    "two": ["0", "1"],
    "stars": ["1", "2", "3", "4", "5"],
    "gap": ["0", "4"],
    "floats": ["1.0", "2.0", "10.0"],
    "mixed numbers": ["1", "1.0", "0", "02"],
    "signs": ["-1", "1", "0"],
    "halves": ["0.5", "1", "1.5"],
    "words": ["pos", "neg", "neutral", "Pos"],
    "padded": [" pos", "neg ", "neg"],
    "booleans": ["True", "False"],
    "mixed": ["1", "two", "3.0"],
    "large": ["9007199254740993", "9007199254740992"],
    "some missing": ["0", "1", "", "NaN", "N/A"],
    "words, some missing": ["pos", "neg", "null"],
}


def ours(cases, tmp_path):
    """What the library makes of each case."""
    file = tmp_path / "cases.json"
    file.write_text(json.dumps(cases))
    command = [os.environ["UNIT8_PARITY"], "reviews", str(file)]
    run = subprocess.run(command, check=True, stdout=subprocess.PIPE, encoding="utf-8")
    return json.loads(run.stdout.split("\n")[-2])


def classes(values):
    """Class numbers and names of labels, or None where some are no labels."""
    values = [value.strip() if isinstance(value, str) else value for value in values]
    if any(value in ("", None) or value != value for value in values):
        return None
    if all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in values):
        if any(math.isinf(value) or value != int(value) for value in values):
            return None
        values = [int(value) for value in values]
    names = sorted(set(values))
    return [names.index(value) for value in values], [str(name) for name in names]


def expected(texts, labels):
    found = classes(labels)
    return found and {"texts": texts, "labels": found[0], "names": found[1]}


def written(rows, separator, end, quoting):
    """A CSV file; `quoting` is the share of the fields that stand in quotes without need."""

    def field(text):
        needs = any(letter in text for letter in f'"\n\r{separator}')
        if needs or random.random() < quoting:
            return '"' + text.replace('"', '""') + '"'
        return text

    return "".join(separator.join(map(field, row)) + end for row in rows)


def by_pandas(data, separator, encoding, header):
    """Rows as pandas reads them; labels are missing or numbers where it says so, else words."""
    options = {"sep": separator, "encoding": encoding, "header": 0 if header else None}
    words = pd.read_csv(io.BytesIO(data), dtype=str, keep_default_na=False, **options)
    text, label = ("text", "label") if header else (0, 1)
    column = pd.read_csv(io.BytesIO(data), **options)[label]
    is_number = pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column)
    labels = column.tolist() if is_number else words[label].where(column.notna(), None).tolist()
    return words[text].tolist(), [None if pd.isna(value) else value for value in labels]


def random_file(seed):
    """The bytes of a file, and how it is written."""
    random.seed(seed)
    encoding = random.choice(["utf-8", "utf-8", "utf-8-sig", "utf-16", "cp1252", "latin1"])
    separator, end = random.choice(",;\t|"), random.choice(["\n", "\r\n", "\r"])
    header = random.random() < 0.8
    texts = TEXTS + (WIDE if encoding.startswith("utf") else [])
    labels = LABELS[random.choice(list(LABELS))]
    rows = [[random.choice(texts), random.choice(labels)] for _ in range(random.randint(1, 30))]
    if header:
        place = random.randint(0, 2)
        rows = [["text", "label"]] + rows
        rows = [row[:place] + [random.choice(["id", "7", ""]) if n else "other"] + row[place:] for n, row in enumerate(rows)]
    content = written(rows, separator, end, random.choice([0, 0.3, 1]))
    if random.random() < 0.3:
        content = content.removesuffix(end)
    if random.random() < 0.3:
        content = content.replace(end, end + end, 1)
    return content, separator, encoding, header


def as_case(path, data, encoding, header):
    path.write_bytes(data)
    named = encoding if encoding in ("cp1252", "latin1") else None
    return {"path": str(path), "encoding": named, "header": header}


def test_random_files(tmp_path):
    files = [random_file(seed) for seed in range(300)]
    data = [content.encode(encoding) for content, _, encoding, _ in files]
    cases = [
        as_case(tmp_path / f"{n}.csv", bytes, encoding, header)
        for n, (bytes, (_, _, encoding, header)) in enumerate(zip(data, files))
    ]
    read = 0
    for bytes, (content, separator, encoding, header), got in zip(data, files, ours(cases, tmp_path)):
        texts, labels = by_pandas(bytes, separator, encoding, header)
        wanted = expected(texts, labels)
        if "error" in got:
            # What pandas had to be told may be told here, too.
            unclear = not header and "separator" in got["error"]
            assert wanted is None or unclear, (content, got)
        else:
            assert got == wanted, content
            read += 1
    assert read > 200


def test_damaged_files(tmp_path):
    """Quotes and separators that are too many or lost: never other rows than those of pandas."""
    files = []
    for seed in range(300):
        content, separator, encoding, header = random_file(1000 + seed)
        content = list(content)
        for _ in range(random.randint(1, 3)):
            place = random.randrange(len(content))
            content[place] = random.choice(["", '"', separator, "\n", content[place] * 2])
        files.append(("".join(content), separator, encoding, header))
    data = [content.encode(encoding) for content, _, encoding, _ in files]
    cases = [
        as_case(tmp_path / f"{n}.csv", bytes, encoding, header) | {"separator": separator}
        for n, (bytes, (_, separator, encoding, header)) in enumerate(zip(data, files))
    ]
    read = 0
    for bytes, (content, separator, encoding, header), got in zip(data, files, ours(cases, tmp_path)):
        if "error" in got:
            continue
        texts, labels = by_pandas(bytes, separator, encoding, header)
        assert got == expected(texts, labels), content
        read += 1
    assert read > 50


def test_what_is_written_by_pandas(tmp_path):
    """Missing rows dropped, and the classes in a given order."""
    cases, wanted = [], []
    for seed in range(50):
        random.seed(seed)
        # A lone carriage return it writes without quotes, and can't read.
        texts = [text for text in TEXTS if text != "a\rb"]
        rows = [(random.choice(texts), random.choice(["neg", "pos", "neu", None])) for _ in range(20)]
        frame = pd.DataFrame(rows, columns=["text", "label"])
        path = tmp_path / f"{seed}.csv"
        frame.to_csv(path, sep=random.choice(",;\t"))
        names = random.sample(["neg", "neu", "pos"], 3)
        cases.append({"path": str(path), "drop_missing": True, "class_names": names})
        missing = {"", "NA", "null"}
        kept = [(t, l) for t, l in frame.itertuples(index=False) if t.strip() not in missing and not pd.isna(l)]
        wanted.append({"texts": [t for t, _ in kept], "labels": [names.index(l) for _, l in kept], "names": names})
    assert ours(cases, tmp_path) == wanted


def test_row_names_of_r(tmp_path):
    """Rows that have one field more than the header, the number of the row, as R's write.table."""
    cases, wanted = [], []
    for seed in range(50):
        random.seed(seed)
        count = random.randint(1, 20)
        names = random.sample(range(1, 100), count)
        texts = [text for text in TEXTS if text != "a\rb"]
        rows = [[str(name), random.choice(texts), random.choice(["pos", "neg"])] for name in names]
        separator = random.choice(",;\t")
        data = written([["text", "label"]] + rows, separator, "\n", random.choice([0, 1])).encode()
        cases.append(as_case(tmp_path / f"{seed}.csv", data, "utf-8", True))
        frame = pd.read_csv(io.BytesIO(data), sep=separator, dtype=str, keep_default_na=False)
        assert frame["text"].tolist() == [text for _, text, _ in rows]
        wanted.append(expected(frame["text"].tolist(), frame["label"].tolist()))
    assert ours(cases, tmp_path) == wanted


@pytest.mark.parametrize("labels", [["0,5", "1,0"], ["1", "2,0"], ["1,000", "2,000"], ["1 000", "10"]])
def test_numbers_with_commas_are_refused(tmp_path, labels):
    """pandas takes them for words, or for numbers if it is told decimal or thousands."""
    content = "text;label\n" + "".join(f"good;{label}\n" for label in labels)
    [got] = ours([as_case(tmp_path / "commas.csv", content.encode(), "utf-8", True)], tmp_path)
    assert "a decimal point" in got["error"]


def test_random_json_lines(tmp_path):
    kinds = [[0, 1], [1, 2, 5], [1.0, 10.0, 2], ["pos", "neg"], [True, False], [0, 0.5], ["1", 2], ["a", None], [0, 4]]
    cases, wanted = [], []
    for seed in range(100):
        random.seed(seed)
        labels = random.choice(kinds)
        rows = [{"text": random.choice(TEXTS + WIDE), "label": random.choice(labels)} for _ in range(random.randint(1, 9))]
        path = tmp_path / f"{seed}.jsonl"
        end = random.choice(["\n", "\r\n"])
        content = "".join(json.dumps(row, ensure_ascii=random.random() < 0.5) + end for row in rows)
        path.write_bytes((content + random.choice(["", end])).encode(random.choice(["utf-8", "utf-8-sig"])))
        cases.append({"path": str(path)})
        values = [row["label"] for row in rows]
        if all(isinstance(value, (bool, str)) for value in values):
            values = [str(value).lower() if isinstance(value, bool) else value for value in values]
        if labels == ["1", 2]:
            values = [int(value) for value in values]
        wanted.append(expected([row["text"] for row in rows], values))
    for got, want, case in zip(ours(cases, tmp_path), wanted, cases):
        assert ("error" in got) if want is None else (got == want), case


def test_random_frames(tmp_path):
    cases, wanted = [], []
    for seed in range(300):
        random.seed(seed)
        kind = random.choice(["i32", "i64", "u32", "u64", "f32", "f64", "bool", "str"])
        labels = {
            "f": [["0", "1"], ["1", "2", "10"], ["0.5", "1"], ["nan", "1"], ["inf", "1"], ["-1", "1"]],
            "b": [["true", "false"]],
            "s": [["pos", "neg"], [" pos", "neg"], ["1", "2.0", "10"], ["", "a"]],
            "i": [["0", "1"], ["-5", "5"], ["0", "1", "2"], ["1", "10", "9"], ["2147483647", "0"]],
            "u": [["0", "1"], ["0", "4"], ["1", "2", "3"]],
        }[kind[0]]
        labels = random.choice(labels) + random.choice([[], [], [None]])
        rows = [(random.choice(TEXTS + WIDE), random.choice(labels)) for _ in range(random.randint(1, 20))]
        texts = [text for text, _ in rows]
        values = [value for _, value in rows]
        if random.random() < 0.1:
            texts[0] = None
        cases.append({"texts": texts, "labels": values, "type": kind})
        if kind != "bool" and all(value is not None and value.strip() for value in values):
            numbers = pd.to_numeric(pd.Series(values), errors="coerce")
            if kind != "str" or numbers.notna().all():
                values = numbers.tolist()
        wanted.append(None if None in texts else expected(texts, values))
    for got, want, case in zip(ours(cases, tmp_path), wanted, cases):
        assert ("error" in got) if want is None else (got == want), case


@pytest.mark.parametrize("separator", [",", ";"])
def test_an_excel_file_without_utf8_is_refused_with_the_remedy(tmp_path, separator):
    path = tmp_path / "excel.csv"
    path.write_bytes(f"text{separator}label\r\nschön{separator}1\r\n".encode("cp1252"))
    [got, told] = ours([{"path": str(path)}, {"path": str(path), "encoding": "windows-1252"}], tmp_path)
    assert "line 2, byte 4 (0xF6)" in got["error"] and '"windows-1252"' in got["error"]
    assert told["texts"] == ["schön"]
