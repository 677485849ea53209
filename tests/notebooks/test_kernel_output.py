"""What a cell writes and reads. None of these may hang the kernel, or confuse the next cell."""

import queue

import pytest


def check(kernel):
    assert kernel.value("1 + 1") == "2"


@pytest.mark.parametrize(
    "code, text",
    [
        ('print!("loading ... "); std::io::Write::flush(&mut std::io::stdout()).unwrap();', "loading ... "),
        ('print!("not even flushed");', "not even flushed"),
        ('std::process::Command::new("printf").arg("child").status().unwrap();', "child"),
        ('for i in 0..3 { print!("{i}."); }\nprintln!();', "0.1.2.\n"),
        ('print!("a"); println!("b"); print!("c");', "ab\nc"),
        ('println!("EVCXR_EXECUTION_COMPLETE"); println!("after");', "EVCXR_EXECUTION_COMPLETE\nafter\n"),
        ('println!("EVCXR_PANIC_NOTIFICATION");', "EVCXR_PANIC_NOTIFICATION\n"),
        ('println!("EVCXR_ERROR_OCCURRED");', "EVCXR_ERROR_OCCURRED\n"),
        ('println!("EVCXR_BEGIN_CONTENT text/html"); println!("open");', "EVCXR_BEGIN_CONTENT text/html\nopen\n"),
        ('println!("EVCXR_VARIABLE_CHANGED_TYPE:kept");', "EVCXR_VARIABLE_CHANGED_TYPE:kept\n"),
        ('std::process::Command::new("cat").status().unwrap();', ""),
    ],
)
def test_output_appears_as_it_was_written(shared, code, text):
    shared.run("let kept = 1;")
    status, said, _ = shared.run(code)
    assert (status, said) == ("ok", text)
    assert shared.value("kept") == "1"
    check(shared)


def test_bytes_that_are_no_text_are_replaced(shared):
    latin = 'std::io::Write::write_all(&mut std::io::stdout(), b"caf\\xe9\\n").unwrap();'
    assert shared.run(latin)[1] == "caf\ufffd\n"
    assert [shared.value(f"{i} + 1") for i in range(3)] == ["1", "2", "3"]


def test_output_comes_while_the_cell_runs_and_in_order(shared):
    message = shared.send('print!("first"); std::io::Write::flush(&mut std::io::stdout()).unwrap();\n'
                          "std::thread::sleep(std::time::Duration::from_secs(3)); println!(\"last\");")
    seen = []
    while len(seen) < 2:
        got = shared.client.get_iopub_msg(timeout=60)
        if got["msg_type"] == "stream" and got["parent_header"]["msg_id"] == message:
            seen.append(got["content"]["text"])
    assert seen == ["first", "last\n"]
    shared.reply_to(message)
    figure = 'println!("EVCXR_BEGIN_CONTENT text/html\\n<b>x</b>\\nEVCXR_END_CONTENT");'
    shared.run(f'print!("before "); {figure} println!("after"); 7')
    kinds = [kind for kind, _ in shared.outputs if kind not in ("status", "execute_input")]
    assert kinds == ["stream", "display_data", "stream", "execute_result"]


def test_thirty_megabytes_are_cut(shared):
    status, text, _ = shared.run('for _ in 0..300_000 { println!("{}", "x".repeat(99)); }')
    assert status == "ok" and len(text) < 2_000_000
    assert "bytes of further output are not shown" in text[-200:]
    check(shared)


def test_threads_write_after_the_cell_has_ended(shared):
    message = shared.send('std::thread::spawn(|| { std::thread::sleep(std::time::Duration::from_secs(1)); println!("late"); });')
    assert shared.answer(message)[0] == "ok"
    while True:
        got = shared.client.get_iopub_msg(timeout=30)
        if got["msg_type"] == "stream":
            break
    assert got["content"]["text"] == "late\n" and got["parent_header"]["msg_id"] == message


READ = 'let mut line = String::new(); std::io::stdin().read_line(&mut line).unwrap(); println!("[{}]", line.trim_end());'


def test_a_thread_that_keeps_the_output_keeps_no_cell(kernel):
    status, text, _ = kernel.run(
        """
        let (lines, received) = std::sync::mpsc::channel::<String>();
        std::thread::spawn(move || {
            use std::io::Write;
            let mut out = std::io::stdout().lock();
            for line in received { writeln!(out, "{line}").unwrap(); }
        });
        std::thread::sleep(std::time::Duration::from_millis(200));
        """,
        timeout=120,
    )
    assert status == "ok", text
    status, text, _ = kernel.run('lines.send("later".to_owned())?; std::thread::sleep(std::time::Duration::from_secs(1));')
    assert (status, text) == ("ok", "later\n")


def test_input_is_asked_of_the_user(shared):
    message = shared.send(READ, allow_stdin=True)
    question = shared.client.get_stdin_msg(timeout=60)
    assert question["msg_type"] == "input_request"
    shared.client.input("Ada Lovelace")
    assert "[Ada Lovelace]" in shared.answer(message)[1]
    check(shared)


def test_a_long_line_of_input_arrives_whole(shared):
    code = 'let mut long = String::new(); std::io::stdin().read_line(&mut long)?; '
    code += 'println!("{} {}", long.trim().len(), long.trim().chars().all(|c| c == \'ä\'));'
    message = shared.send(code, allow_stdin=True)
    shared.client.get_stdin_msg(timeout=60)
    shared.client.input("ä" * 50_000)
    assert shared.answer(message)[1] == "100000 true\n"
    check(shared)


def test_a_cell_with_half_a_character_is_answered(shared):
    """As JavaScript sends a text that was cut in the middle of an emoji; Python's own client would not."""
    session = shared.client.session
    content = {"code": "\"a\\ud83d\".chars().count()", "silent": False, "store_history": True}
    content |= {"user_expressions": {}, "allow_stdin": False, "stop_on_error": True}
    message = session.msg("execute_request", content)
    pack, session.pack = session.pack, lambda thing: pack(thing).replace(rb"\\ud83d", rb"\ud83d")
    try:
        session.send(shared.client.shell_channel.socket, message)
    finally:
        session.pack = pack
    status, text, value = shared.answer(message["header"]["msg_id"])
    assert (status, value) == ("ok", "2"), text
    check(shared)


def test_a_prompt_of_evcxr_input_is_a_prompt(shared):
    message = shared.send('println!("EVCXR_INPUT_REQUEST_PASSWORD:Key?");\n' + READ, allow_stdin=True)
    question = shared.client.get_stdin_msg(timeout=60)
    assert question["content"] == {"prompt": "Key?", "password": True}
    shared.client.input("secret")
    _, text, _ = shared.answer(message)
    assert "[secret]" in text and "Key?" not in text
    check(shared)


def test_a_thread_that_still_asks_keeps_no_later_cell_from_asking(shared):
    thread = "{ std::thread::spawn(|| { std::io::stdin().read_line(&mut String::new()).ok(); }); "
    thread += "std::thread::sleep(std::time::Duration::from_millis(500)); }"
    message = shared.send(thread, allow_stdin=True)
    shared.client.get_stdin_msg(timeout=60)
    assert shared.answer(message)[0] == "ok"
    message = shared.send(READ, allow_stdin=True)
    shared.client.get_stdin_msg(timeout=60)
    shared.client.input("Ada")
    assert "[Ada]" in shared.answer(message)[1]
    check(shared)


def test_without_somebody_to_ask_the_input_ends(shared):
    status, text, _ = shared.run(READ, allow_stdin=False)
    assert status == "ok" and "[]" in text and "no input here" in text
    check(shared)


def test_a_stop_ends_a_wait_for_input(shared):
    message = shared.send(READ, allow_stdin=True)
    shared.client.get_stdin_msg(timeout=60)
    shared.stop()
    assert "[]" in shared.answer(message)[1]
    check(shared)


def test_a_value_is_shown_once_and_a_figure_as_itself(shared):
    for code, value in [
        ("(1, \"a\")", '(1, "a")'),
        ('"text"', '"text"'),
        ("vec![1.5, 2.0]", "[1.5, 2.0]"),
        ("&[1, 2][..]", "[1, 2]"),
        ("Some(3)", "Some(3)"),
    ]:
        assert shared.value(code) == value
    assert shared.run(":vars")[0] == "ok"


def test_nothing_is_left_in_the_queue(shared):
    with pytest.raises(queue.Empty):
        while True:
            shared.client.get_iopub_msg(timeout=1)


def test_what_the_first_question_mark_gives_is_shown_as_what_it_is(loaded):
    loaded.run('pub fn shown() -> unit8::Result<unit8::Html> { Ok(unit8::table("x", &["a"], &[vec!["1".into()]])) }')
    assert loaded.value("shown()?") == "x\na\n1"
    assert any("text/html" in content.get("data", {}) for _, content in loaded.outputs)
