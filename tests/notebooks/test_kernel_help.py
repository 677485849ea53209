"""Shift+Tab and Tab."""

import time

import pytest
from conftest import DEP


@pytest.fixture(scope="module")
def lesson(shared):
    own = """
/// A dog that can bark.
#[derive(Debug)]
pub struct Dog { pub name: String }
impl Dog {
    /// Makes a sound.
    pub fn bark(&self) -> String { "woof".to_owned() }
}
"""
    for code in (
        f"{DEP}\nuse unit8::{{CountVectorizer, Trainer}};\nuse std::collections::HashMap;",
        own,
        "let trainer = Trainer::default(); let words: Vec<String> = vec![];",
        'let rex = Dog { name: "Rex".to_owned() };',
    ):
        status, text, _ = shared.run(code)
        assert status == "ok", text
    return shared


def ask(kernel, method, code, cursor):
    message = getattr(kernel.client, method)(code, cursor)
    return kernel.reply_to(message)


def shown(kernel, code):
    """What Shift+Tab shows where the code has a bar."""
    reply = ask(kernel, "inspect", code.replace("|", ""), code.index("|"))
    assert reply["status"] == "ok" and reply["found"], code
    assert "text/html" in reply["data"]
    return reply["data"]["text/plain"]


def offered(kernel, code):
    return ask(kernel, "complete", code, len(code))["matches"]


@pytest.mark.parametrize(
    "code, words",
    [
        ("Train|er", ["Trainer", "How to train", "learning_rate"]),
        ("trainer.fi|t(", ["fit", "History"]),
        ("trainer.fit(|", ["fit", "History"]),
        ("CountVectorizer::defau|lt()", ["default"]),
        ("HashMap|::new()", ["HashMap"]),
        ("words.pus|h(", ["push", "Vec"]),
        ("words.len(|)", ["len"]),
        ("printl|n!(\"\")", ["println", "newline"]),
        ("Do|g { name: String::new() }", ["A dog that can bark"]),
        ("rex.bar|k()", ["Makes a sound"]),
        ("let ü = \"ä\"; trainer.fi|t(", ["fit", "History"]),
    ],
)
def test_shift_tab_shows_the_documentation(lesson, code, words):
    text = shown(lesson, code)
    for word in words:
        assert word in text, text


def test_what_is_not_known_is_not_found(lesson):
    for code in ("", "no_such_thing_at_all", "  "):
        assert not ask(lesson, "inspect", code, len(code))["found"]


def test_tab_offers_what_is_public(lesson):
    assert "fit" in "".join(offered(lesson, "trainer.f"))
    methods = offered(lesson, "trainer.")
    assert any(method.startswith("fit") for method in methods)
    assert not any(method.split("(")[0] == "check" for method in methods), methods
    assert any(method.startswith("bark") for method in offered(lesson, "rex."))
    assert any(name.startswith("words") for name in offered(lesson, "wor"))


@pytest.mark.parametrize("before", ["", "ü", "❤️", "👍🏽 🇫🇷", "e\u0301", "कि"])
def test_what_tab_offers_takes_the_place_of_what_was_typed(lesson, before):
    """Jupyter counts code points, and what a reader takes for one character may be several."""
    code = f'let t = "{before}"; tra'
    reply = ask(lesson, "complete", code, len(code))
    assert "trainer" in reply["matches"]
    assert code[reply["cursor_start"] : reply["cursor_end"]] == "tra"
    for offer in reply["metadata"]["_jupyter_types_experimental"]:
        assert code[offer["start"] : offer["end"]] == "tra"
    assert "How to train" in shown(lesson, f'let t = "{before}"; Train|er')


def test_both_answer_while_a_cell_runs(lesson):
    message = lesson.send('println!("begun"); std::thread::sleep(std::time::Duration::from_secs(20));')
    lesson.wait_until_it_shows(message)
    assert "Trainer" in shown(lesson, "Trainer|")
    assert ask(lesson, "complete", "tra", 3)["status"] == "ok"
    lesson.stop()
    time.sleep(1)
    lesson.stop()
    assert lesson.answer(message)[0] == "error", "it still ran"
