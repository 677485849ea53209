//! JSON lines: one object on each line.

use super::decode;
use super::quote::{list, quote};
use crate::error::{Error, Result};
use serde_json::{Map, Value};
use std::path::Path;

/// The texts, the labels as texts, and the line of each.
pub struct Lines {
    pub texts: Vec<String>,
    pub labels: Vec<String>,
    pub lines: Vec<usize>,
}

/// Two fields of each object; lines without any text are passed over.
pub fn read(path: &Path, text: &str, label: &str) -> Result<Lines> {
    let mut read = Lines { texts: Vec::new(), labels: Vec::new(), lines: Vec::new() };
    each(path, |line, object| {
        read.texts.push(text_of(object, text)?);
        read.labels.push(label_of(object, label)?);
        read.lines.push(line);
        Ok(())
    })?;
    Ok(read)
}

/// Calls a function with each object and its line; an error of it becomes one of the file.
pub fn each(
    path: &Path,
    mut call: impl FnMut(usize, &Map<String, Value>) -> std::result::Result<(), String>,
) -> Result<()> {
    let (contents, _) = decode::read(path, None)?;
    let lines = (1..).zip(contents.split('\n')).filter(|(_, object)| !object.trim().is_empty());
    let mut is_empty = true;
    for (line, object) in lines {
        is_empty = false;
        parse(object)
            .and_then(|object| call(line, &object))
            .map_err(|fault| Error::file(path, format!("line {line}: {fault}")))?;
    }
    if is_empty {
        return Err(Error::file(path, "there are no reviews: the file is empty"));
    }
    Ok(())
}

fn parse(line: &str) -> std::result::Result<Map<String, Value>, String> {
    serde_json::from_str(line).map_err(|error| {
        let reason = error.to_string().replace(" at line 1 column ", ", character ");
        let pandas = "pandas writes such a file by to_json(path, orient=\"records\", lines=True)";
        let remedy = if reason.contains("hex escape") || reason.contains("surrogate") {
            "half a character, \\ud83d say, as of a text that was cut in an emoji: delete it"
                .to_owned()
        } else if is_no_number(line, error.column()) {
            format!("NaN and Infinity are Python's, not JSON's: write null; {pandas}")
        } else if line.trim_start().starts_with('[') {
            format!("each review is an object on a line of its own; {pandas}")
        } else {
            "each review is an object on a line of its own".to_owned()
        };
        format!("not one JSON object ({reason}): {remedy}")
    })
}

/// Whether a value that Python writes for no number or an endless one stands in this column, from 1.
fn is_no_number(line: &str, column: usize) -> bool {
    let begin = line.get(column.saturating_sub(1)..).unwrap_or_default();
    ["NaN", "Infinity"].iter().any(|word| begin.trim_start_matches('-').starts_with(word))
}

pub fn value<'a>(
    object: &'a Map<String, Value>,
    name: &str,
) -> std::result::Result<&'a Value, String> {
    object
        .get(name)
        .ok_or_else(|| format!("no field {}; there are {}", quote(name), list(object.keys())))
}

pub fn text_of(object: &Map<String, Value>, name: &str) -> std::result::Result<String, String> {
    match value(object, name)? {
        Value::String(text) => Ok(text.clone()),
        Value::Null => Err(format!(
            "the field {} is null: leave the line out, or write \"\" for a text without words",
            quote(name)
        )),
        other => Err(format!("the field {} holds {}, not a text", quote(name), kind(other))),
    }
}

fn label_of(object: &Map<String, Value>, name: &str) -> std::result::Result<String, String> {
    match value(object, name)? {
        Value::Array(_) => Err(format!(
            "the field {} holds a list: a label is a number, a word, true or false; \
             from_json_lines_multi_label reads lists of them",
            quote(name)
        )),
        label => word(label, name),
    }
}

/// A label, of the field of this name.
pub fn word(label: &Value, name: &str) -> std::result::Result<String, String> {
    let label = match label {
        Value::String(word) => word.trim().to_owned(),
        Value::Number(number) => number.to_string(),
        Value::Bool(value) => value.to_string(),
        Value::Null => String::new(),
        other => {
            let remedy = "a label is a number, a word, true or false";
            return Err(format!("the field {} holds {}: {remedy}", quote(name), kind(other)));
        }
    };
    if label.is_empty() {
        return Err(format!("the label in field {} is missing: fill it in", quote(name)));
    }
    Ok(label)
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::Reviews;
    use crate::dataset::readers::json_lines;
    use crate::files::test_folder;
    use std::fs;

    fn json(contents: &str) -> Result<(Reviews, Vec<String>)> {
        let folder = test_folder(&format!("json-{:?}", std::thread::current().id()));
        let path = folder.join("mine.jsonl");
        fs::write(&path, contents).unwrap();
        let outcome = json_lines(&path, "text", "label");
        fs::remove_dir_all(folder).unwrap();
        outcome
    }

    fn complaint(contents: &str) -> String {
        json(contents).unwrap_err().to_string()
    }

    #[test]
    fn json_lines_have_numbers_words_and_booleans_for_labels() {
        let contents = "\u{feff}{\"label\": 1, \"text\": \"a\\n\\u00e4\"}\r\n\n{\"text\": \"\", \"label\": 0.0, \"id\": {}}\n \n";
        let (reviews, notes) = json(contents).unwrap();
        assert_eq!(reviews.texts().unwrap(), ["a\nä", ""]);
        assert_eq!(reviews.labels().unwrap(), [1, 0]);
        assert_eq!(notes, ["1 text is missing and kept, the first in line 3 (\"\")"]);
        for (labels, names) in [
            (["true", "false"], ["false", "true"]),
            (["\"pos\"", "\" neg\""], ["neg", "pos"]),
            (["10.0", "\"9\""], ["9", "10"]),
        ] {
            let [one, other] =
                labels.map(|label| format!("{{\"text\": \"a\", \"label\": {label}}}"));
            let (reviews, _) = json(&format!("{one}\n{other}")).unwrap();
            assert_eq!(
                (&reviews.class_names[..], &reviews.labels().unwrap()[..]),
                (&names.map(str::to_owned)[..], &[1, 0][..])
            );
        }
    }

    #[test]
    fn a_line_that_is_no_object_with_text_and_label_is_named() {
        let good = "{\"text\": \"a\", \"label\": 1}";
        for (line, expected) in [
            ("{\"text\": \"a\"}", "line 2: no field \"label\"; there are text"),
            (
                "{\"text\": null, \"label\": 1}",
                "line 2: the field \"text\" is null: leave the line out",
            ),
            ("{\"text\": 5, \"label\": 1}", "line 2: the field \"text\" holds a number"),
            (
                "{\"text\": \"a\", \"label\": null}",
                "line 2: the label in field \"label\" is missing",
            ),
            (
                "{\"text\": \"a\", \"label\": \" \"}",
                "line 2: the label in field \"label\" is missing",
            ),
            ("{\"text\": \"a\", \"label\": [1]}", "line 2: the field \"label\" holds a list"),
            ("{\"text\": \"a\", \"label\": 0.5}", "line 2: the label 0.5 is no class"),
            (
                "{\"text\": \"a\", \"label\": NaN}",
                "line 2: not one JSON object (expected value, character 24): NaN and Infinity are Python's",
            ),
            ("{\"text\": \"a\", \"x\": -Infinity, \"label\": 1}", "to_json(path"),
            ("{\"text\": \"a \\ud83d\", \"label\": 1}", "half a character"),
            ("{\"text\": \"NaN\", \"label\": }", "an object on a line of its own"),
            ("[1]", "orient=\"records\", lines=True"),
            ("{\"text\":", "line 2: not one JSON object"),
        ] {
            let error = complaint(&format!("{good}\n{line}\n"));
            assert!(error.contains(expected), "{expected}: {error}");
        }
        assert!(complaint("\n\n").contains("there are no reviews"));
        let deep = format!("{{\"text\": {}", "[".repeat(100_000));
        assert!(complaint(&deep).contains("line 1: not one JSON object"));
    }
}
