//! Things that are shown and replaced.

use super::*;

fn part(kind: Kind, text: &str) -> Packet {
    let bytes = [&1u64.to_ne_bytes()[..], &[1], text.as_bytes()].concat();
    Packet { kind, process: 7, question: 2, bytes }
}

/// `kind text/plain` of what goes to all front ends in the name of a request.
fn shown_to(proxy: &mut Proxy<Noted>, request: &Message) -> Vec<String> {
    let mine = |(_, message): &(To, Message)| message.belongs_to(request);
    let line = |(_, message): (To, Message)| {
        let text = message.content["data"]["text/plain"].as_str().unwrap_or_default();
        format!("{} {text}", message.kind()).trim_end().to_owned()
    };
    let kept = |line: &String| line.contains("display") || line.contains("clear");
    proxy.out().into_iter().filter(mine).map(line).filter(kept).collect()
}

#[test]
fn a_thing_is_shown_after_what_was_printed_and_replaced_in_the_name_of_the_cell_that_runs() {
    let mut proxy = proxy();
    let (first, second) = (execute("show()"), execute("2"));
    proxy.request(first.clone(), To::Shell);
    proxy.out();
    proxy.processes.written.push((Stream::Stdout, b"before".to_vec()));
    proxy.packet(part(Kind::Show, "{\"text/plain\": \"a\"}"));
    let shown: Vec<Message> = proxy.out().into_iter().map(|(_, message)| message).collect();
    assert_eq!(shown[0].content["text"], "before");
    let id = &shown[1].content["transient"]["display_id"];
    assert_eq!(
        (shown[1].kind(), shown[1].content["data"]["text/plain"].as_str()),
        ("display_data", Some("a"))
    );
    assert_eq!(proxy.processes.done, ["answer "], "only what stands there is answered");
    end(&mut proxy, &first);
    proxy.request(second.clone(), To::Shell);
    proxy.out();
    proxy.packet(part(Kind::Replace, "{\"text/plain\": \"b\"}"));
    let replaced: Vec<Message> = proxy.out().into_iter().map(|(_, message)| message).collect();
    assert_eq!((replaced.len(), replaced[0].kind()), (1, "update_display_data"));
    assert_eq!(&replaced[0].content["transient"]["display_id"], id);
    assert!(replaced[0].belongs_to(&second));
}

#[test]
fn a_page_that_comes_while_a_cell_runs_sees_its_things_below_the_next_cell() {
    let mut proxy = proxy();
    let (first, next) = (execute("fit"), execute("history"));
    proxy.request(first.clone(), To::Shell);
    proxy.packet(part(Kind::Show, "{\"text/plain\": \"1 %\"}"));
    proxy.packet(part(Kind::Replace, "{\"text/plain\": \"2 %\"}"));
    let before = execute("sent by the page that was there before");
    proxy.request(before.clone(), To::Shell);
    assert_eq!(shown_to(&mut proxy, &before), [""; 0]);
    proxy.request(Message::new("kernel_info_request", json!({})), To::Shell);
    proxy.request(next.clone(), To::Shell);
    assert_eq!(shown_to(&mut proxy, &next), ["display_data 2 %"]);
    end(&mut proxy, &first);
    assert_eq!(shown_to(&mut proxy, &before), [""; 0]);
    end(&mut proxy, &before);
    assert_eq!(shown_to(&mut proxy, &next), ["clear_output"], "its own output takes the place");
    end(&mut proxy, &next);
    let last = execute("2");
    proxy.request(last.clone(), To::Shell);
    assert_eq!(shown_to(&mut proxy, &last), [""; 0]);
}

#[test]
fn only_the_first_cell_that_waits_borrows_and_a_thing_shown_twice_is_lent_once() {
    let mut proxy = proxy();
    let (first, next, last) = (execute("fit"), execute("history"), execute("2"));
    proxy.request(first, To::Shell);
    proxy.packet(part(Kind::Show, "{\"text/plain\": \"1 %\"}"));
    proxy.packet(part(Kind::Show, "{\"text/plain\": \"1 %\"}"));
    proxy.request(Message::new("kernel_info_request", json!({})), To::Shell);
    proxy.request(next.clone(), To::Shell);
    proxy.request(last.clone(), To::Shell);
    let out = proxy.out();
    let count = |request| out.iter().filter(|(_, message)| message.belongs_to(request)).count();
    assert_eq!((count(&next), count(&last)), (1, 0));
}

#[test]
fn what_is_replaced_between_two_cells_is_said_again_in_the_next_one() {
    let mut proxy = proxy();
    let (first, next) = (execute("show"), execute("2"));
    proxy.request(first.clone(), To::Shell);
    proxy.packet(part(Kind::Show, "{\"text/plain\": \"a\"}"));
    end(&mut proxy, &first);
    proxy.packet(part(Kind::Replace, "{\"text/plain\": \"b\"}"));
    proxy.packet(part(Kind::Replace, "{\"text/plain\": \"c\"}"));
    proxy.request(next.clone(), To::Shell);
    assert_eq!(shown_to(&mut proxy, &next), ["update_display_data c"]);
}

#[test]
fn a_second_stop_says_so_in_what_was_shown() {
    let mut proxy = proxy();
    let request = execute("fit");
    proxy.request(request.clone(), To::Shell);
    proxy.packet(packet(Kind::Start, ""));
    proxy.packet(part(Kind::Show, "{\"text/plain\": \"40 s left\"}"));
    proxy.stop();
    proxy.out();
    proxy.stop();
    let told = shown_to(&mut proxy, &request);
    assert_eq!(told, ["update_display_data 40 s left\n(ended by a second stop)"]);
}
