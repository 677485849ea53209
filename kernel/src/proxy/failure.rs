//! How a cell fails.

use serde_json::{Value, json};

/// How a cell failed, in the words of an `error` message.
#[derive(Clone, Debug, PartialEq)]
pub struct Failure {
    /// The kind of error.
    pub name: String,
    /// What went wrong.
    pub value: String,
    /// What the notebook shows.
    pub traceback: Vec<String>,
    /// Whether variables that the cell moves away are lost with it.
    pub loses_variables: bool,
}

impl Failure {
    /// One whose message is all there is to see.
    pub fn new(name: &str, value: &str) -> Failure {
        let traceback = std::iter::once(format!("\u{1b}[31m{name}\u{1b}[0m: {value}")).collect();
        let (name, value) = (name.to_owned(), value.to_owned());
        Failure { name, value, traceback, loses_variables: false }
    }

    /// One in the middle of a cell's code: what the cell would have moved away is gone.
    pub fn midway(name: &str, value: &str) -> Failure {
        Failure { loses_variables: true, ..Failure::new(name, value) }
    }

    /// Says which variables were lost.
    pub fn note_lost(&mut self, variables: &[String]) {
        if !variables.is_empty() {
            let names: Vec<String> = variables.iter().map(|name| format!("`{name}`")).collect();
            self.traceback.push(format!(
                "\u{1b}[1mLost with it:\u{1b}[0m {}, which this cell moves away. Run the cells that \
                 make them again, then this one.",
                names.join(", ")
            ));
        }
    }

    /// As the content of an `error` message; a reply has the same fields, and a status.
    pub fn content(&self) -> Value {
        json!({"ename": self.name, "evalue": self.value, "traceback": self.traceback})
    }

    /// An `error` message of evcxr's.
    pub fn of_evcxr(content: &Value) -> Failure {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let lines = content["traceback"].as_array().into_iter().flatten();
        Failure {
            name: text(&content["ename"]),
            value: text(&content["evalue"]),
            traceback: lines.map(|line| without_number(&text(line))).collect(),
            loses_variables: false,
        }
    }
}

/// evcxr counts what it runs, which is not what the notebook counts: `command_4:1:5` becomes
/// `cell:1:5`.
fn without_number(line: &str) -> String {
    let mut parts = line.split("command_");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| {
        let rest = part.trim_start_matches(|sign: char| sign.is_ascii_digit());
        let is_place = rest.strip_prefix(':').is_some_and(|at| at.starts_with(char::is_numeric));
        match is_place && rest.len() < part.len() {
            true => text + "cell" + rest,
            false => text + "command_" + part,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn evcxr_s_numbers_are_not_shown() {
        let lines = ["[ command_4:1:5 ]", "command_20:1:2 and command_3:4:5", "let command_2: u8"];
        let content = json!({"ename": "Error", "evalue": "x", "traceback": lines});
        assert_eq!(
            Failure::of_evcxr(&content).traceback,
            ["[ cell:1:5 ]", "cell:1:2 and cell:4:5", "let command_2: u8"]
        );
    }
}
