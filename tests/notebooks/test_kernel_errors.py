"""Errors as Jupyter's users know them: one message, a red cell, and Run All stops."""

import time

import pytest


def errors(kernel):
    return [content for kind, content in kernel.outputs if kind == "error"]


TYPOS = [
    "let z = undefined_thing + 1;",
    "let n: usize = \"text\";",
    "println!(\"{}\", 1",
    "vec![1, 2].pusch(3);",
    "use std::collections::HashMapp;",
    "let s = String::from(\"a\"); let t = s; println!(\"{s}\");",
]


@pytest.mark.parametrize("code", TYPOS)
def test_a_typo_is_one_error_at_once(shared, code):
    started = time.monotonic()
    status, text, _ = shared.run(code)
    assert status == "error" and len(errors(shared)) == 1, text
    assert shared.reply["evalue"] and shared.reply["traceback"]
    # Not a measurement: the compilation of a dependency takes minutes.
    assert time.monotonic() - started < 60
    assert "command_" not in text
    assert shared.value("1 + 1") == "2"


def test_a_question_mark_is_an_error(shared):
    shared.run("let kept = 42;")
    status, text, _ = shared.run('eprintln!("a warning"); let file = std::fs::read_to_string("no/such/file")?;')
    assert status == "error"
    (error,) = errors(shared)
    assert "No such file" in error["evalue"] and len(error["traceback"]) <= 2
    assert "a warning" in text
    assert shared.value("kept") == "42"


def test_a_panic_is_an_error_without_a_stack(shared):
    shared.run("let kept: usize = 43;")
    status, text, _ = shared.run("let numbers = vec![1, 2]; println!(\"{}\", numbers[kept]);")
    assert status == "error"
    (error,) = errors(shared)
    assert "index out of bounds" in error["evalue"]
    assert "stack backtrace" not in text and "src/lib.rs" not in text
    assert shared.value("kept") == "43"


def test_a_caught_panic_is_none(shared):
    assert shared.run("let caught = std::panic::catch_unwind(|| panic!(\"inside\")).is_err();")[0] == "ok"
    assert shared.value("caught") == "true"
    status, text, _ = shared.run('std::thread::spawn(|| panic!("in a thread")).join().is_err()')
    assert status == "ok" and "in a thread" in text


def test_run_all_stops_at_the_failing_cell(shared):
    messages = [shared.send(code) for code in ("let a = 1;", "panic!(\"here\");", "let b = 2;", "let c = 3;")]
    assert [shared.reply_to(message)["status"] for message in messages] == ["ok", "error", "aborted", "aborted"]
    assert shared.value("a") == "1"
    assert shared.run("b")[0] == "error"


def test_a_cell_may_be_allowed_to_fail(shared):
    messages = [shared.send("panic!(\"here\");", stop_on_error=False), shared.send("let after = 1;")]
    assert [shared.reply_to(message)["status"] for message in messages] == ["error", "ok"]


def test_numbers_agree(shared):
    for _ in range(3):
        shared.run("6 * 7")
        (asked,) = [c["execution_count"] for k, c in shared.outputs if k == "execute_input"]
        (shown,) = [c["execution_count"] for k, c in shared.outputs if k == "execute_result"]
        assert asked == shown == shared.reply["execution_count"]
    before = shared.reply["execution_count"]
    shared.run("1", silent=True)
    shared.run("2")
    assert shared.reply["execution_count"] == before + 1


@pytest.mark.parametrize(
    "cells, advice",
    [
        (["let s = String::from(\"a\");", "let t = s;", "println!(\"{s}\");"], "run"),
        (["let text = String::from(\"a b\"); let words: Vec<&str> = text.split(' ').collect();"], ".to_owned()"),
        (["let f = |x: f64| x * 2.0;"], "pub fn"),
        (["let x = Default::default();"], "say the type"),
        (["pub struct Dog; pub trait Speak { fn speak(&self); }", "impl Speak for Dog { fn speak(&self) {} }",
          "impl Speak for Dog { fn speak(&self) { println!(\"woof\"); } }"], "into one cell"),
    ],
)
def test_messages_that_beginners_meet_say_what_to_do(shared, cells, advice):
    for code in cells[:-1]:
        status, text, _ = shared.run(code)
        assert status == "ok", text
    status, text, _ = shared.run(cells[-1])
    assert status == "error" and "In a notebook:" in text and advice in text, text


def test_what_a_failed_question_mark_takes_with_it_is_said(shared):
    shared.run("let first = String::from(\"first\"); let second = String::from(\"second\");")
    code = 'let new = 1; let n: i32 = "x".parse::<i32>()?; drop(first); let moved = second;'
    status, text, _ = shared.run(code)
    assert status == "error"
    for name in ("first", "second"):
        assert f"`{name}`" in text, text


def test_a_type_that_is_changed_while_a_variable_of_it_lives(shared):
    assert shared.run("pub struct P { pub x: i32 } let p = P { x: 1 };")[0] == "ok"
    # evcxr runs the cell, drops `p`, and runs it once more.
    status, text, _ = shared.run(
        'pub struct P { pub x: i32, pub y: i32 } let q = P { x: 1, y: 2 }; println!("here");', timeout=120
    )
    assert status == "ok" and 1 <= text.count("here") <= 2, text
    assert shared.value("q.y") == "2"
    assert shared.run("p.x")[0] == "error"


def test_a_process_that_ends_says_so(shared):
    shared.run("let gone = 1;")
    for code, why in [("std::process::exit(3);", "ended it"), ("std::process::abort();", "crash")]:
        status, text, _ = shared.run(code)
        assert status == "error" and why in text and "run the cells above again" in text, text
        assert "0x" not in text, "a stack"
        assert shared.value("1 + 1") == "2"
    status, text, _ = shared.run("gone")
    assert status == "error" and "In a notebook:" in text
