"""The numbers that an executed lesson shows, by name."""

import re

# The lessons that train, by the names that their numbers have in spread.json.
TRAINING = {
    "8.2 part 2": "8.2-bag-of-words/part2-classifier",
    "8.3 part 2": "8.3-recurrent-networks/part2-lstm-classifier",
    "8.4 part 2": "8.4-attention/part2-own-transformer",
    "8.6": "8.6-pretraining/pretraining",
    "8.7 part 1": "8.7-distilbert-finetuning/part1-last-layers",
    "8.7 part 2": "8.7-distilbert-finetuning/part2-whole-model",
    "8.7 part 3": "8.7-distilbert-finetuning/part3-comparison",
    "8.7 part 4": "8.7-distilbert-finetuning/part4-hyperparameters",
    "8.7 part 5": "8.7-distilbert-finetuning/part5-lora",
    "exercise": "exercises/exercise-1-other-llms",
    "solution": "solutions/exercise-1-other-llms",
}
# A line of a training's history.
EPOCH = r"^epoch \d+ \| train loss [\d.]+, accuracy ([\d.]+) %"

# Those of the comparison; LoRA only where the processor has 16-bit numbers.
WAYS = ["bag of words", "LSTM", "own transformer", "last layers", "last layers + 2 blocks", "whole model"]


def outputs(notebook):
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    return [output for cell in cells for output in cell.outputs]


def printed(notebook):
    return "".join(o.text for o in outputs(notebook) if o.output_type == "stream")


def shown(notebook, kind):
    """What the values of cells look like, as text/plain or text/html."""
    return [o.data[kind] for o in outputs(notebook) if kind in o.get("data", {})]


def accuracies(notebook):
    """In percent, by what was classified.

    "train" is the last epoch's in the curve, since that of the trained model depends on which epoch
    happened to be the best.
    """
    text = printed(notebook)
    found = re.findall(r"^(val|test) accuracy ([\d.]+) %", text, re.M)
    if found:
        curve = "\n".join(shown(notebook, "text/plain"))
        found += [("train", number) for number in re.findall(EPOCH, curve, re.M)[-1:]]
    found += re.findall(r"^(.+): ([\d.]+) % in ", text, re.M)
    # A number of the course stands beside ours for comparison: no run of ours has it.
    found += re.findall(r"^((?!the course)[\w, ]+): test accuracy ([\d.]+) %", text, re.M)
    return {name: float(number) for name, number in found}


def five_seeds(notebook):
    """Validation and test accuracy for each seed in the table of the exercise's solution."""
    (table,) = [html for html in shown(notebook, "text/html") if "five seeds" in html]
    cell = r"<td[^>]*>([\d.]+)(?: %)?</td>"
    rows = re.findall(f"<tr>{cell * 3}</tr>", table)
    return {int(seed): {"val": float(val), "test": float(test)} for seed, val, test in rows}
