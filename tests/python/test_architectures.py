"""ELECTRA and ModernBERT of unusual shapes beside Python's transformers. `cargo xtask test` runs this
with the program of examples/parity in UNIT8_PARITY."""

import json
import os
import shutil
import subprocess
from pathlib import Path

os.environ.update(HF_HUB_OFFLINE="1")

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import (
    AutoModelForSequenceClassification,
    AutoTokenizer,
    ElectraConfig,
    ElectraForPreTraining,
    ElectraForSequenceClassification,
    ElectraModel,
    ModernBertConfig,
    ModernBertForMaskedLM,
    ModernBertForSequenceClassification,
    ModernBertModel,
)

FIXTURES = Path(__file__).parents[1] / "fixtures" / "models"
TEXTS = ["the film was good " * 3, "a bad film", "", "the plot was not good, but", "good", "bad, bad"]

SMALL = {"num_labels": 3, "initializer_range": 0.3, "hidden_size": 24, "num_attention_heads": 3}
ELECTRA = SMALL | {
    "vocab_size": 108,
    "embedding_size": 10,
    "num_hidden_layers": 2,
    "intermediate_size": 32,
    "max_position_embeddings": 64,
    "hidden_dropout_prob": 0.0,
    "attention_probs_dropout_prob": 0.0,
}
# A window of 3 tokens to either side: each text is longer.
MODERNBERT = SMALL | {
    "vocab_size": 303,
    "num_hidden_layers": 4,
    "intermediate_size": 20,
    "max_position_embeddings": 64,
    "local_attention": 6,
    "pad_token_id": 3,
    "bos_token_id": 1,
    "cls_token_id": 1,
    "eos_token_id": 2,
    "sep_token_id": 2,
}
BIASES = {"attention_bias": True, "mlp_bias": True, "norm_bias": True, "classifier_bias": True}
THETAS = {"full_attention": {"rope_theta": 500.0}, "sliding_attention": {"rope_theta": 20.0}}
SHAPES = {
    "electra": {},
    "electra-as-wide": {"embedding_size": 24},
    "electra-wider": {"embedding_size": 40, "hidden_act": "relu", "num_hidden_layers": 3},
    "electra-tanh": {"hidden_act": "tanh", "layer_norm_eps": 1e-3, "type_vocab_size": 1},
    "modernbert": {},
    "modernbert-mean": {"classifier_pooling": "mean"},
    "modernbert-every-1": {"global_attn_every_n_layers": 1, "classifier_pooling": "mean"},
    "modernbert-every-2": {"global_attn_every_n_layers": 2, **BIASES},
    "modernbert-odd-window": {"local_attention": 3, "classifier_pooling": "mean", **BIASES},
    "modernbert-no-window": {"local_attention": 1},
    "modernbert-local-first": {
        "layer_types": ["sliding_attention", "full_attention", "full_attention", "sliding_attention"],
        "rope_parameters": THETAS,
        "hidden_activation": "gelu_new",
        "classifier_activation": "relu",
        "norm_eps": 1e-3,
    },
    "modernbert-one-layer": {"num_hidden_layers": 1, "hidden_activation": "relu", "mlp_bias": True},
}


def built(name, **more):
    """A classifier whose every weight counts: also the biases and layer norms."""
    modern = name.startswith("modernbert")
    settings = (MODERNBERT if modern else ELECTRA) | SHAPES[name] | more
    kind, config = (
        (ModernBertForSequenceClassification, ModernBertConfig(**settings))
        if modern
        else (ElectraForSequenceClassification, ElectraConfig(**settings))
    )
    torch.manual_seed(1)
    model = kind(config).eval()
    with torch.no_grad():
        for key, parameter in model.named_parameters():
            if key.endswith("bias"):
                parameter.normal_(0.0, 0.2)
            elif "norm" in key.lower():
                parameter.normal_(1.0, 0.2)
    return model


def tokenizer_of(name, folder):
    """That of the fixture, beside a model."""
    kind = "modernbert" if name.startswith("modernbert") else "electra"
    shutil.copy(FIXTURES / kind / "tokenizer.json", folder)
    settings = {"tokenizer_class": "PreTrainedTokenizerFast", "pad_token": "[PAD]"}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))
    return AutoTokenizer.from_pretrained(folder)


# Those that stand for the others where the shape makes no difference.
FEW = ["electra", "electra-as-wide", "modernbert", "modernbert-mean"]


@pytest.fixture(params=SHAPES)
def saved(request, tmp_path):
    """A folder with a model of each shape, and the model."""
    model = built(request.param)
    folder = tmp_path / "model"
    model.save_pretrained(folder)
    return folder, model, tokenizer_of(request.param, folder)


@pytest.fixture
def ours(tmp_path, monkeypatch):
    """What our program does with texts: its output, and the last line as JSON, if it is."""
    monkeypatch.setenv("UNIT8_DATA", str(tmp_path / "cache"))

    def ours(what, folder, texts, *more):
        file = tmp_path / "texts.json"
        file.write_text(json.dumps(texts))
        command = [os.environ["UNIT8_PARITY"], what, folder, file, *more]
        run = subprocess.run(list(map(str, command)), check=True, stdout=subprocess.PIPE, text=True)
        last = run.stdout.splitlines()[-1]
        return json.loads(last) if last.startswith("[") else run.stdout

    return ours


def tokens(tokenizer, texts, length=64):
    kept = {"return_token_type_ids": False, "return_tensors": "pt"}
    return tokenizer(texts, truncation=True, max_length=length, padding=True, **kept)


def assert_close(ours, theirs, tolerance=1e-5, what=""):
    ours = torch.as_tensor(ours)
    assert ours.shape == theirs.shape, what
    assert torch.isfinite(theirs).all(), what
    difference = (ours - theirs).abs().max().item()
    assert difference <= tolerance, (what, difference)


@torch.inference_mode()
def logits_of(model, tokenizer, texts, length=64):
    return model(**tokens(tokenizer, texts, length)).logits


def test_logits(saved, ours):
    folder, model, tokenizer = saved
    expected = logits_of(model, tokenizer, TEXTS)
    assert expected.std(0).min() > 0.05, "the texts must differ"
    assert_close(ours("logits", folder, TEXTS, 64, 3), expected)
    for text in TEXTS:
        alone = logits_of(model, tokenizer, [text])
        assert_close(ours("logits", folder, [text], 64, 3), alone, what=text)


@pytest.mark.parametrize("saved", FEW, indirect=True)
def test_a_single_token(saved, ours):
    folder, model, _ = saved
    file = folder / "tokenizer.json"
    content = json.loads(file.read_text()) | {"post_processor": None}
    file.write_text(json.dumps(content))
    tokenizer = AutoTokenizer.from_pretrained(folder)
    assert len(tokenizer("a")["input_ids"]) == 1
    for texts in (["a"], ["a", TEXTS[0]]):
        assert_close(ours("logits", folder, texts, 64, 3), logits_of(model, tokenizer, texts))


def test_gradients(saved, ours, tmp_path):
    folder, model, tokenizer = saved
    labels = torch.arange(len(TEXTS)) % 3
    model(**tokens(tokenizer, TEXTS), labels=labels).loss.backward()
    file = tmp_path / "gradients.safetensors"
    ours("gradients", folder, TEXTS, 64, file)
    gradients, expected = load_file(file), dict(model.named_parameters())
    assert gradients.keys() == expected.keys()
    for key, gradient in gradients.items():
        assert_close(gradient, expected[key].grad, what=key)


def test_three_steps(saved, ours, tmp_path):
    folder, model, tokenizer = saved
    settings = {"optimizer": "AdamW", "layer_decay": 1.0, "gradual": None}
    trained = tmp_path / "trained"
    ours("blocks", folder, TEXTS, trained, json.dumps(settings))
    groups = [
        {"params": [p], "weight_decay": 0.01 if p.dim() > 1 else 0.0}
        for p in model.parameters()
    ]
    steps = torch.optim.AdamW(groups, lr=1e-4)
    labels = torch.arange(len(TEXTS)) % 3
    for _ in range(3):
        steps.zero_grad()
        model.train()(**tokens(tokenizer, TEXTS, 16), labels=labels).loss.backward()
        steps.step()
    state = model.state_dict()
    for key, value in load_file(trained / "model.safetensors").items():
        # Where the true gradient is 0, Adam makes steps of what rounding leaves: biases of keys, and queries
        # and keys where a token sees itself alone, in the blocks of this window.
        if key.endswith("key.bias"):
            continue
        first = 0
        if getattr(model.config, "local_attention", None) == 1 and "Wqkv" in key:
            first = 2 * model.config.hidden_size
        assert_close(value[first:], state[key][first:], what=key)


@pytest.mark.parametrize("saved", FEW, indirect=True)
def test_features(saved, ours):
    folder, model, tokenizer = saved
    batch = tokens(tokenizer, TEXTS)
    with torch.inference_mode():
        states = model.base_model(**batch).last_hidden_state
    mask = batch["attention_mask"].unsqueeze(-1)
    mean = getattr(model.config, "classifier_pooling", "cls") == "mean"
    expected = (states * mask).sum(1) / mask.sum(1) if mean else states[:, 0]
    assert_close(ours("features", folder, TEXTS, 64), expected)


@pytest.mark.parametrize("name", ["electra", "electra-as-wide", "modernbert-mean", "modernbert-every-2"])
def test_a_saved_model_opens_in_transformers(name, ours, tmp_path):
    folder, new = tmp_path / "model", tmp_path / "new"
    model = built(name, num_labels=2)
    model.save_pretrained(folder)
    tokenizer = tokenizer_of(name, folder)
    subprocess.run([os.environ["UNIT8_PARITY"], "save", folder, new], check=True, stdout=subprocess.DEVNULL)
    again, info = AutoModelForSequenceClassification.from_pretrained(new, output_loading_info=True)
    assert type(again) is type(model) and not any(info.values()), info
    expected = logits_of(model, tokenizer, TEXTS)
    assert torch.equal(logits_of(again.eval(), AutoTokenizer.from_pretrained(new), TEXTS), expected)
    assert_close(ours("logits", new, TEXTS, 64, 2), expected)


@pytest.mark.parametrize("saved", FEW, indirect=True)
def test_weights_of_pytorch_with_the_names_of_wrappers(saved, ours):
    folder, model, tokenizer = saved
    expected = logits_of(model, tokenizer, TEXTS)
    (folder / "model.safetensors").unlink()
    for prefix in ("", "module.", "_orig_mod.module."):
        state = {prefix + key: value for key, value in model.state_dict().items()}
        torch.save(state, folder / "pytorch_model.bin")
        assert_close(ours("logits", folder, TEXTS, 64, 3), expected)


@pytest.mark.parametrize("prefix", [True, False])
@pytest.mark.parametrize("name", ["electra", "electra-as-wide", "modernbert", "modernbert-every-2"])
def test_a_mere_encoder(name, prefix, ours, tmp_path):
    model = built(name)
    base = {"electra": ElectraModel, "modernbert": ModernBertModel}[model.config.model_type]
    encoder = base(model.config).eval()
    encoder.load_state_dict(model.base_model.state_dict())
    encoder.save_pretrained(tmp_path)
    if prefix:
        state = encoder.state_dict()
        save_file({f"{model.base_model_prefix}.{k}": v for k, v in state.items()}, tmp_path / "model.safetensors")
    tokenizer = tokenizer_of(name, tmp_path)
    batch = tokens(tokenizer, TEXTS)
    with torch.inference_mode():
        expected = encoder(**batch).last_hidden_state[:, 0]
    assert_close(ours("features", tmp_path, TEXTS, 64), expected)
    said = ours("gradients", tmp_path, TEXTS, 64, tmp_path / "gradients.safetensors")
    new = next(line for line in said.splitlines() if line.startswith("new, to be trained: "))
    head = [key for key in model.state_dict() if not key.startswith(model.base_model_prefix)]
    assert sorted(new.removeprefix("new, to be trained: ").split(", ")) == sorted(head)
    assert "not used" not in said


def test_an_electra_that_tells_replaced_words(ours, tmp_path):
    torch.manual_seed(1)
    model = ElectraForPreTraining(ElectraConfig(**ELECTRA))
    model.save_pretrained(tmp_path)
    tokenizer_of("electra", tmp_path)
    said = ours("gradients", tmp_path, TEXTS, 64, tmp_path / "gradients.safetensors")
    predictions = [key for key in model.state_dict() if key.startswith("discriminator_predictions")]
    assert f"not used: {', '.join(sorted(predictions))}" in said
    assert "new, to be trained: classifier.dense.bias, classifier.dense.weight" in said


def test_a_modernbert_that_fills_gaps_brings_its_head(ours, tmp_path):
    torch.manual_seed(1)
    model = ModernBertForMaskedLM(ModernBertConfig(**MODERNBERT))
    model.save_pretrained(tmp_path)
    tokenizer_of("modernbert", tmp_path)
    said = ours("gradients", tmp_path, TEXTS, 64, tmp_path / "gradients.safetensors")
    assert "new, to be trained: classifier.bias, classifier.weight\n" in said
    assert "not used: decoder.bias\n" in said


def test_new_weights_are_drawn_as_transformers_does(ours, tmp_path):
    config = ModernBertConfig(**(MODERNBERT | {"hidden_size": 192, "num_labels": 2}))
    ModernBertModel(config).save_pretrained(tmp_path)
    tokenizer_of("modernbert", tmp_path)
    subprocess.run([os.environ["UNIT8_PARITY"], "save", tmp_path, tmp_path / "new"], check=True)
    drawn = load_file(tmp_path / "new" / "model.safetensors")
    torch.manual_seed(1)
    theirs = ModernBertForSequenceClassification(config).state_dict()
    for key in ("head.dense.weight", "classifier.weight"):
        ours_, theirs_ = drawn[key], theirs[key]
        count = ours_.numel()
        assert ours_.std().item() == pytest.approx(theirs_.std().item(), rel=6 / (2 * count) ** 0.5)
        assert abs(ours_.mean().item()) < 4 * ours_.std().item() / count**0.5
        edge = 2 * (0.3 / 8**0.5 if key.startswith("head") else 192**-0.5)
        assert 0.95 * edge < ours_.abs().max().item() <= edge * (1 + 1e-6)
    assert torch.equal(drawn["head.norm.weight"], torch.ones(192))
    assert torch.equal(drawn["classifier.bias"], torch.zeros(2))


@pytest.mark.parametrize(
    "name, place",
    [("electra", "hidden_dropout_prob"), ("electra", "attention_probs_dropout_prob")]
    + [("electra", "classifier_dropout"), ("modernbert", "embedding_dropout")]
    + [("modernbert", "attention_dropout"), ("modernbert", "mlp_dropout")]
    + [("modernbert-mean", "classifier_dropout")],
)
def test_dropout_is_at_work_at_the_same_places(name, place, ours, tmp_path):
    """Each row draws for itself: the spread of the logits tells where, and how much, is dropped."""
    others = {"classifier_dropout": 0.0} if place == "hidden_dropout_prob" else {}
    model = built(name, **(others | {place: 0.3}))
    model.save_pretrained(tmp_path)
    tokenizer = tokenizer_of(name, tmp_path)
    texts = [TEXTS[0]] * 4000
    drawn = torch.tensor(ours("dropout", tmp_path, texts, 64))
    torch.manual_seed(1)
    with torch.inference_mode():
        theirs = model.train()(**tokens(tokenizer, texts)).logits
    assert theirs.std(0).min() > 0.02
    # The error of a standard deviation of 4,000 draws is 1 to 2 %.
    assert torch.allclose(drawn.std(0), theirs.std(0), rtol=0.1)
    assert ((drawn.mean(0) - theirs.mean(0)).abs() < 0.1 * theirs.std(0)).all()


def test_texts_much_longer_than_the_window(ours, tmp_path):
    settings = {"local_attention": 128, "max_position_embeddings": 4096, "num_hidden_layers": 3}
    for pooling in ("cls", "mean"):
        model = built("modernbert", **settings, classifier_pooling=pooling)
        model.save_pretrained(tmp_path)
        tokenizer = tokenizer_of("modernbert", tmp_path)
        texts = ["the film was not good, and bad. " * 800, "a good film " * 100, "bad"]
        expected = logits_of(model, tokenizer, texts, 4096)
        assert_close(ours("logits", tmp_path, texts, 4096, 3), expected)


# What the files of 2024 say.
OLD = {
    "global_attn_every_n_layers": 2,
    "global_rope_theta": 900.0,
    "local_rope_theta": 30.0,
    "deterministic_flash_attn": False,
    "reference_compile": None,
    "position_embedding_type": "absolute",
}


@pytest.mark.parametrize(
    "fields",
    [OLD, OLD | {"rope_parameters": {"full_attention": {"rope_type": "default"}}}]
    + [OLD | {"rope_parameters": THETAS}]
    + [{"rope_parameters": None, "local_attention": None, "global_attn_every_n_layers": 3}],
)
def test_configs_of_all_ages(fields, ours, tmp_path):
    built("modernbert").save_pretrained(tmp_path)
    file = tmp_path / "config.json"
    config = json.loads(file.read_text())
    for newer in ("layer_types", "rope_parameters", "dtype"):
        config.pop(newer)
    config |= fields
    file.write_text(json.dumps({key: value for key, value in config.items() if value is not None}))
    tokenizer = tokenizer_of("modernbert", tmp_path)
    model = AutoModelForSequenceClassification.from_pretrained(tmp_path).eval()
    assert_close(ours("logits", tmp_path, TEXTS, 64, 3), logits_of(model, tokenizer, TEXTS))


@pytest.mark.parametrize(
    "fields, complaint",
    [({"model_type": "modernbert-decoder"}, "model_type modernbert-decoder is not known here")]
    + [({"classifier_pooling": "max"}, "classifier_pooling max is not known here")]
    + [({"layer_types": ["full_attention"]}, "layer_types must name each block")]
    + [({"layer_types": ["full_attention"] * 3 + ["chunked_attention"]}, "layer_types must name each")]
    + [({"rope_parameters": {"full_attention": {"rope_type": "yarn"}}}, 'the kind "yarn"')]
    + [({"rope_parameters": {"sliding_attention": {"rope_theta": -1}}}, "rope_theta of sliding_attention")]
    + [({"rope_scaling": {"type": "linear", "factor": 2.0}}, "positions of the kind")]
    + [({"global_attn_every_n_layers": 0}, "global_attn_every_n_layers is 0")]
    + [({"num_attention_heads": 8}, "8 heads can't share a width of 24")]
    + [({"hidden_activation": "mish"}, "hidden_activation mish is not known here")],
)
def test_what_is_not_known_is_refused_by_name(fields, complaint, tmp_path):
    built("modernbert").save_pretrained(tmp_path)
    tokenizer_of("modernbert", tmp_path)
    file = tmp_path / "config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | fields))
    command = [os.environ["UNIT8_PARITY"], "save", tmp_path, tmp_path / "new"]
    run = subprocess.run(command, capture_output=True, text=True)
    assert run.returncode == 1 and complaint in run.stderr and "panicked" not in run.stderr, run.stderr
