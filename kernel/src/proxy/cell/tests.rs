use super::*;

const TOKEN: &str = "\u{2}token:";

fn cell() -> Cell {
    Cell::new(Message::new("execute_request", json!({"code": ""})), 3, TOKEN)
}

fn kinds(cell: &mut Cell) -> Vec<String> {
    cell.messages().iter().map(|message| message.kind().to_owned()).collect()
}

#[test]
fn output_keeps_its_order_and_the_last_thing_is_the_result() {
    let mut cell = cell();
    let block = |mime: &str| format!("EVCXR_BEGIN_CONTENT {mime}\nx\nEVCXR_END_CONTENT\n");
    let figure = block("text/html") + &block("text/plain");
    cell.write(
        Stream::Stdout,
        format!("before {figure}between\n{figure}{figure}").as_bytes(),
        false,
    );
    assert_eq!(cell.end(), None);
    let messages = cell.messages();
    let kinds: Vec<&str> = messages.iter().map(Message::kind).collect();
    assert_eq!(kinds, ["stream", "display_data", "stream", "display_data", "execute_result"]);
    assert_eq!(messages[4].content["execution_count"], 3);
    assert_eq!(messages[4].content["data"], json!({"text/html": "x", "text/plain": "x"}));
}

#[test]
fn the_value_of_a_cell_without_one_is_not_shown() {
    let mut cell = cell();
    cell.write(Stream::Stdout, b"EVCXR_BEGIN_CONTENT text/plain\n()\nEVCXR_END_CONTENT\n", false);
    assert_eq!(cell.end(), None);
    assert_eq!(kinds(&mut cell), [""; 0]);
}

#[test]
fn thirty_megabytes_become_one() {
    let mut cell = cell();
    for _ in 0..30 {
        cell.write(Stream::Stdout, &b"ab\xc3\xa4\n".repeat(200_000), false);
    }
    cell.end();
    let texts: Vec<String> = cell
        .messages()
        .iter()
        .map(|message| message.content["text"].as_str().unwrap_or_default().to_owned())
        .collect();
    assert_eq!(texts.len(), 2);
    assert!(texts[0].len() <= MOST_TEXT && texts[1].contains("29000000 bytes"), "{}", texts[1]);
}

#[test]
fn a_panic_is_an_error_only_if_it_ends_the_cell() {
    let mut caught = cell();
    caught.panic("index".to_owned(), true);
    assert_eq!(caught.end_run(), "");
    assert_eq!(caught.end(), None);
    assert_eq!(kinds(&mut caught), ["stream"]);
    let mut cell = cell();
    cell.panic("index".to_owned(), true);
    cell.write(Stream::Stdout, format!("{TOKEN}EVCXR_PANIC_NOTIFICATION\n").as_bytes(), false);
    assert_eq!(cell.end_run(), "EVCXR_PANIC_NOTIFICATION\n");
    let failure = cell.end().unwrap();
    assert_eq!((failure.name.as_str(), failure.value.as_str()), ("panicked", "index"));
    assert_eq!(kinds(&mut cell), [""; 0]);
}

#[test]
fn a_failed_question_mark_is_one_error_without_further_text() {
    let mut cell = cell();
    cell.write(Stream::Stderr, b"\x02no such file\x03\n", false);
    cell.write(Stream::Stdout, format!("{TOKEN}EVCXR_ERROR_OCCURRED\n").as_bytes(), false);
    assert_eq!(cell.end_run(), "EVCXR_ERROR_OCCURRED\n");
    let failure = cell.end().unwrap();
    assert_eq!(failure.value, "no such file");
    assert_eq!(kinds(&mut cell), [""; 0]);
}

#[test]
fn an_error_that_evcxr_does_not_know_of_is_text() {
    let mut cell = cell();
    cell.write(Stream::Stderr, b"\x02printed\x03\nand \x02again\x03\n", false);
    assert_eq!(cell.end_run(), "");
    assert_eq!(cell.end(), None);
    let texts: Vec<Value> =
        cell.messages().iter().map(|message| message.content["text"].clone()).collect();
    assert_eq!(texts, ["and printed\nagain\n"]);
}
