"""unit8-predict beside transformers' pipeline and the library's own predict, and what it does with files
of all kinds. `cargo xtask test` runs this with the program in UNIT8_PREDICT, and the one of
examples/parity in UNIT8_PARITY."""

import csv
import json
import os
import pty
import random
import shutil
import signal
import subprocess
import threading
from pathlib import Path

os.environ.update(HF_HUB_OFFLINE="1")

import pytest
from transformers import AutoConfig, AutoTokenizer, pipeline

FIXTURES = Path(__file__).parents[1] / "fixtures" / "models"
MAX_LENGTH = 40


@pytest.fixture(scope="module", params=["bert", "distilbert", "roberta", "electra", "modernbert"])
def model(request, tmp_path_factory):
    """A finetuned model with names for its classes, as a notebook saves it."""
    folder = tmp_path_factory.mktemp(request.param)
    for file in (FIXTURES / request.param).iterdir():
        if file.name != "expected.safetensors":
            shutil.copy(file, folder)
    config = json.loads((folder / "config.json").read_text())
    config |= {"id2label": {"0": "bad", "1": "so \"so\"", "2": "good"}}
    config |= {"label2id": {name: int(label) for label, name in config["id2label"].items()}}
    (folder / "config.json").write_text(json.dumps(config))
    return folder


@pytest.fixture(scope="module")
def bert(tmp_path_factory):
    folder = tmp_path_factory.mktemp("plain") / "bert"
    shutil.copytree(FIXTURES / "bert", folder)
    return folder


def run(*arguments, text=b"", **options):
    command = [os.environ["UNIT8_PREDICT"], *map(str, arguments)]
    return subprocess.run(command, input=text, capture_output=True, timeout=60, **options)


def answers(*arguments, text=b""):
    done = run(*arguments, text=text)
    assert done.returncode == 0, done
    return [json.loads(line) for line in done.stdout.splitlines()]


def refusal(*arguments, text=b"", code=1):
    """The one sentence, below what is said of the model, and the answers before it."""
    done = run(*arguments, text=text)
    assert done.returncode == code and b"panicked" not in done.stderr, done
    return done.stderr.decode().splitlines()[-1], done.stdout.count(b"\n")


def some_texts(count, seed):
    words = "the a good bad film movie was great boring plot , . actor é unknownword".split()
    chance = random.Random(seed)
    return [" ".join(chance.choices(words, k=int(chance.paretovariate(0.8)) % 60)) for _ in range(count)]


def test_as_a_pipeline_of_transformers_says(model):
    texts = some_texts(100, 1)
    ours = answers(model, text="\n".join(texts).encode())
    classify = pipeline("text-classification", model=str(model), top_k=None)
    theirs = classify(texts, truncation=True, max_length=MAX_LENGTH)
    assert len(ours) == len(texts)
    for our, their in zip(ours, theirs):
        assert (our["label"], our["score"]) == max(our["scores"].items(), key=lambda pair: pair[1])
        assert our["scores"] == pytest.approx({one["label"]: one["score"] for one in their}, abs=1e-5)
    assert list(ours[0]["scores"]) == ["bad", 'so "so"', "good"]


def test_any_number_of_labels_as_a_pipeline_says(model, tmp_path):
    folder = shutil.copytree(model, tmp_path / "several")
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"problem_type": "multi_label_classification"}))
    texts = some_texts(50, 2)
    ours = answers(folder, text="\n".join(texts).encode())
    classify = pipeline("text-classification", model=str(folder), top_k=None)
    for our, their in zip(ours, classify(texts, truncation=True, max_length=MAX_LENGTH), strict=True):
        assert our["scores"] == pytest.approx({one["label"]: one["score"] for one in their}, abs=1e-5)
        assert our["labels"] == [name for name, score in our["scores"].items() if score >= 0.5]


def test_the_readme_s_four_lines_of_python(model):
    readme = (Path(__file__).parents[2] / "README.md").read_text()
    code = readme.split("```python\n")[1].split("```")[0].replace("logs/whole-model/model", str(model))
    shown = []
    exec(code, {"print": shown.append})
    [[answer]] = shown  # printed once, one answer
    [ours] = answers(model, text=b"What a film!")
    assert answer["label"] == ours["label"] and answer["score"] == pytest.approx(ours["score"], abs=1e-5)


@pytest.mark.parametrize("count", [5, 2048, 5000])
def test_to_the_last_digit_as_predict_says_of_all_at_once(bert, count, tmp_path, monkeypatch):
    monkeypatch.setenv("UNIT8_DATA", str(tmp_path / "cache"))
    texts = some_texts(count, count)
    file = tmp_path / "texts.json"
    file.write_text(json.dumps(texts))
    command = [os.environ["UNIT8_PARITY"], "predictions", str(bert), str(file), str(MAX_LENGTH)]
    said = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()[-1]
    lines = tmp_path / "texts.txt"
    lines.write_text("".join(text + "\n" for text in texts))
    table = tmp_path / "texts.csv"
    with open(table, "w", newline="") as rows:
        csv.writer(rows).writerows([("number", "text"), *enumerate(texts)])
    for arguments, text in [((lines,), b""), ((table, "--column", "text"), b""), ((), lines.read_bytes())]:
        ours = answers(bert, *arguments, text=text)
        assert [list(one["scores"].values()) for one in ours] == json.loads(said)


@pytest.mark.parametrize(
    "text, count",
    [(b"", 0), (b"\n", 1), (b"a", 1), (b"a\r\n\r\nb\r\n", 3), (b"\xef\xbb\xbfa\n", 1), (b"a\n\n \nb\0c", 4)]
    + [(b"good film " * 1_000_000, 1), (b"x" * 10_000_000, 1), (b"a\n" * 4097, 4097)],
)
def test_line_n_is_text_n(bert, text, count):
    assert len(answers(bert, text=text)) == count


def test_a_mark_and_line_ends_of_windows_are_no_text(bert):
    plain = answers(bert, text=b"good\nbad\n")
    assert answers(bert, text=b"\xef\xbb\xbfgood\r\nbad\r\n") == plain


@pytest.mark.parametrize(
    "arguments, text, complaint, before",
    [
        ((), b"a\nb\n\xf6\nc\n", "line 3, byte 1 (0xF6) is not UTF-8; ", 2),
        ((), "a\n".encode("utf-16"), "iconv -f utf-16", 0),
        ((), "a\n".encode("utf-16-le"), "line 1 holds NUL", 0),
        (("--column", "text"), b"id,text\n1,a\n2,\"b\n3,c\n", "line 3, field 2: its quote is never closed", 1),
        (("--column", "text"), b"id,text\n1,a\n2,b,c\n", "line 3 has 3 fields", 1),
        (("--column", "text"), b"id,review\n1,a\n", 'no column "text"; there are id, review', 0),
        (("--column", "text"), b"", "the file is empty", 0),
        (("--column", "text"), b'{"text": "a"}\n', "jq -r '.text", 0),
        (("--column", "0", "--no-header"), b"a, b\tpos\nc, d\tneg\n", "give --separator ','", 0),
        (("--max-length", "0"), b"a", "--max-length 0: this model takes 3 to 40 tokens", 0),
        (("--max-length", "41"), b"", "--max-length 41: this model takes 3 to 40 tokens", 0),
        (("/nowhere",), b"", "/nowhere: No such file", 0),
        ((FIXTURES,), b"", "a folder: give a file of it", 0),
    ],
)
def test_what_cannot_be_read_is_one_sentence_after_the_answers_so_far(bert, arguments, text, complaint, before):
    sentence, answered = refusal(bert, *arguments, text=text)
    assert complaint in sentence and answered == before, sentence
    assert "CsvOptions" not in sentence and "::" not in sentence


def test_a_piece_without_a_vector_is_named_with_its_text(bert, tmp_path):
    from transformers import BertForSequenceClassification

    pieces = AutoTokenizer.from_pretrained(bert).get_vocab()
    small = BertForSequenceClassification.from_pretrained(bert)
    small.resize_token_embeddings(pieces["movie"])
    folder = shutil.copytree(bert, tmp_path / "small")
    small.save_pretrained(folder)
    texts = ["[UNK]"] * 5000
    texts[2999] = "movie"
    sentence, answered = refusal(folder, text="\n".join(texts).encode())
    assert sentence.startswith('text 3000 has the piece "movie"') and answered == 2999, sentence


def test_what_is_guessed_of_a_table_is_said(bert):
    for text, count, note in [
        (b'text,label\n"Great,1\nBad,0\nA 5",1\nb,0', 2, "closes in line 4"),
        (b'"text","label"\n"1","a, b","pos"\n"2","c","neg"\n', 2, 'has "a, b" for "text"'),
    ]:
        done = run(bert, "--column", "text", text=text)
        assert done.returncode == 0 and done.stdout.count(b"\n") == count
        said = done.stderr.decode()
        assert said.count(note) == 1 and "CsvOptions" not in said, said


def test_what_is_no_finetuned_model_is_one_sentence(bert, tmp_path):
    assert "no such folder" in refusal(tmp_path / "modle", text=b"a")[0]
    assert "which MODEL?" in refusal(code=2)[0]
    assert "--colum" in refusal(bert, "--colum", "text", code=2)[0]
    encoder = tmp_path / "encoder"
    AutoTokenizer.from_pretrained(bert).save_pretrained(encoder)
    from transformers import BertModel

    BertModel(AutoConfig.from_pretrained(bert)).save_pretrained(encoder)
    sentence, answered = refusal(encoder, text=b"a")
    assert "was not finetuned to classify" in sentence and answered == 0, sentence


def start(model, *arguments):
    command = [os.environ["UNIT8_PREDICT"], str(model), *arguments]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    # As from a terminal: what a shell starts in the background ignores interrupts, and so do these tests.
    heeds = lambda: signal.signal(signal.SIGINT, signal.SIG_DFL)
    return subprocess.Popen(command, preexec_fn=heeds, **pipes)


def test_nobody_reads_any_more(bert):
    program = start(bert)
    program.stdin.write(b"a\n" * 10_000)
    program.stdout.readline()
    program.stdout.close()
    try:
        program.stdin.write(b"a\n" * 1_000_000)
    except BrokenPipeError:
        pass
    assert program.wait(20) == 0
    assert b"pipe" not in program.stderr.read().lower()


def test_nobody_waits_for_an_answer(bert):
    program = start(bert)
    program.stdin.write(b"a\n")
    program.stdin.flush()
    program.stdout.close()
    assert program.wait(20) == 0


def test_a_full_disk(bert):
    with open("/dev/full", "wb") as full:
        command = [os.environ["UNIT8_PREDICT"], str(bert)]
        done = subprocess.run(command, input=b"a\n", stdout=full, stderr=subprocess.PIPE)
    assert done.returncode == 1 and b"can't be written: No space left" in done.stderr


def test_the_answers_of_a_window_do_not_wait_for_the_next(bert):
    program = start(bert)
    program.stdin.write(b"a\n" * 2049)
    program.stdin.flush()
    assert all(program.stdout.readline() for _ in range(2048))
    program.send_signal(signal.SIGINT)
    assert program.wait(20) in (-signal.SIGINT, 130)


def test_line_by_line_each_is_answered_at_once(bert):
    program = start(bert, "--line-buffered")
    for text in (b"good\n", b"\n"):
        program.stdin.write(text)
        program.stdin.flush()
        assert "label" in json.loads(program.stdout.readline())
    program.stdin.close()
    assert program.wait(20) == 0


def test_row_by_row_each_is_answered_at_once(bert):
    program = start(bert, "--line-buffered", "--column", "text")
    for rows in (b"id,text\n1,good\n", b'2,"a\n""bad"" film"\n', b"\n3,\n"):
        program.stdin.write(rows)
        program.stdin.flush()
        assert "label" in json.loads(program.stdout.readline())
    program.stdin.write(b'4,"a" b\n')
    program.stdin.flush()
    assert b"line 7, field 2: text after its closing quote" in program.stderr.readlines()[-1]
    assert program.wait(20) == 1


def test_rows_to_come_do_not_tell_the_separator(bert):
    arguments = ("--line-buffered", "--column", "0", "--no-header")
    assert "give --separator" in refusal(bert, *arguments, text=b"a,1\n")[0]
    assert len(answers(bert, *arguments, "--separator", ",", text=b"a,1\n")) == 1


def test_what_is_typed_in_is_answered_at_once(bert):
    master, slave = pty.openpty()
    command = [os.environ["UNIT8_PREDICT"], str(bert)]
    program = subprocess.Popen(command, stdin=slave, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    os.close(slave)
    for text in (b"good\n", b"bad film\n"):
        os.write(master, text)
        assert "label" in json.loads(program.stdout.readline())
    os.write(master, b"\x04")
    assert program.wait(20) == 0
    os.close(master)


def largest_memory(model, lines):
    """In kB, by the time at which most answers have been read."""
    program = start(model)
    status = Path(f"/proc/{program.pid}/status")

    def feed():
        with program.stdin:
            program.stdin.write(b"a good film\n" * lines)

    threading.Thread(target=feed).start()
    for _ in range(lines - 10):
        program.stdout.readline()
    [most] = [line.split()[1] for line in status.read_text().splitlines() if line.startswith("VmHWM")]
    assert len(program.stdout.readlines()) == 10 and program.wait(20) == 0
    return int(most)


def test_memory_does_not_grow(bert):
    assert largest_memory(bert, 100_000) < 1.1 * largest_memory(bert, 20_000)
