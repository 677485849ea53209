//! What stands behind the program's name.

use std::ffi::OsString;
use std::path::PathBuf;
use unit8::{CsvOptions, Precision};

pub const HELP: &str = "\
unit8-predict MODEL [FILE] [options]

Classifies texts with a finetuned model, and writes a line of JSON for each of them, in their order:
the label, its probability, and those of all classes.

  MODEL                a folder that save_pretrained wrote, or a finetuned model of the Hugging Face
                       hub
  FILE                 a text in each line, in UTF-8; - or nothing: standard input
  --column NAME        it is a CSV file, and the texts are in this column
  --separator CHAR     what stands between the columns; found out if not said
  --no-header          the first line of the CSV file is a row, the columns are called 0, 1, ...
  --no-quotes          quotes in the CSV file are letters like others
  --max-length TOKENS  what is longer is cut off, and counted at the end; as many as the model takes
                       if not said
  --line-buffered      answer each text at once, as what is typed in
  --bf16               calculate with 16 bits instead of 32: faster on some processors
  -h, --help           this text

The results come after each 2,048 texts, and are then the same to the last digit as those of
Trainer::predict on all texts at once. Of texts that come now and then, --line-buffered is for each.
";

/// What is asked for.
#[derive(Debug, PartialEq)]
pub enum Call {
    Help,
    Classify(Arguments),
}

#[derive(Debug, PartialEq)]
pub struct Arguments {
    pub model: String,
    /// None: standard input.
    pub file: Option<PathBuf>,
    /// Of a CSV file.
    pub column: Option<String>,
    /// How to read it.
    pub options: CsvOptions,
    pub max_length: Option<usize>,
    pub line_buffered: bool,
    pub precision: Precision,
}

/// Nothing is begun before all of it has been understood.
pub fn read(program_and_arguments: impl IntoIterator<Item = OsString>) -> Result<Call, String> {
    parse(lexopt::Parser::from_iter(program_and_arguments)).map_err(|wrong| wrong.to_string())
}

fn parse(mut parser: lexopt::Parser) -> Result<Call, lexopt::Error> {
    use lexopt::prelude::*;
    let (mut words, mut column, mut options) = (Vec::new(), None, CsvOptions::default());
    let (mut max_length, mut precision) = (None, Precision::Fp32);
    let (mut line_buffered, mut only_csv) = (false, None);
    while let Some(argument) = parser.next()? {
        match argument {
            Short('h') | Long("help") => return Ok(Call::Help),
            Long("column") => column = Some(parser.value()?.string()?),
            Long("separator") => {
                options.separator = Some(separator(&parser.value()?.string()?)?);
                only_csv = Some("--separator");
            }
            Long("no-header") => {
                options.header = false;
                only_csv = Some("--no-header");
            }
            Long("no-quotes") => {
                options.quotes = false;
                only_csv = Some("--no-quotes");
            }
            Long("max-length") => max_length = Some(parser.value()?.parse()?),
            Long("line-buffered") => line_buffered = true,
            Long("bf16") => precision = Precision::Bf16,
            Value(word) => words.push(word),
            other => return Err(other.unexpected()),
        }
    }
    if let (None, Some(option)) = (&column, only_csv) {
        return Err(format!("{option} is for CSV files: name the texts' --column, too").into());
    }
    let mut words = words.into_iter();
    let model = words.next().ok_or("which MODEL? a folder or a name of the Hugging Face hub")?;
    let file = words.next().filter(|file| file != "-").map(PathBuf::from);
    if let Some(more) = words.next() {
        return Err(lexopt::Error::UnexpectedArgument(more));
    }
    let model = model.string()?;
    Ok(Call::Classify(Arguments {
        model,
        file,
        column,
        options,
        max_length,
        line_buffered,
        precision,
    }))
}

fn separator(given: &str) -> Result<char, lexopt::Error> {
    let mut characters = given.chars();
    match (given, characters.next(), characters.next()) {
        ("\\t" | "tab", ..) => Ok('\t'),
        (_, Some(one), None) => Ok(one),
        _ => Err(format!("--separator {given:?}: give one character, such as ';' or '\\t'").into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_words(words: &[&str]) -> Result<Call, String> {
        read(["unit8-predict"].iter().chain(words).map(OsString::from))
    }

    fn arguments(words: &[&str]) -> Arguments {
        match read_words(words) {
            Ok(Call::Classify(arguments)) => arguments,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn options_stand_anywhere() {
        let found = arguments(&["--column", "review", "mine", "--separator=;", "a.csv", "--bf16"]);
        assert_eq!((found.model.as_str(), found.options.separator), ("mine", Some(';')));
        assert_eq!(found.file, Some(PathBuf::from("a.csv")));
        assert_eq!(found.column.as_deref(), Some("review"));
        assert_eq!(found.precision, Precision::Bf16);
        assert_eq!(read_words(&["mine", "--help"]), Ok(Call::Help));
        let piped =
            arguments(&["mine", "-", "--max-length", "64", "--column=0", "--separator=\\t"]);
        assert_eq!((piped.file, piped.max_length), (None, Some(64)));
        assert_eq!(piped.options.separator, Some('\t'));
        assert_eq!(arguments(&["--", "-odd"]).model, "-odd");
    }

    #[test]
    fn what_is_not_understood_is_named() {
        let faults = [
            (vec![], "which MODEL"),
            (vec!["a", "b", "c"], "\"c\""),
            (vec!["a", "--colum", "x"], "--colum"),
            (vec!["a", "--column"], "--column"),
            (vec!["a", "--max-length", "long"], "long"),
            (vec!["a", "--max-length", "-1"], "-1"),
            (vec!["a", "--column=x", "--separator", "::"], "one character"),
            (vec!["a", "--no-quotes"], "--column"),
        ];
        for (words, complaint) in faults {
            let wrong = read_words(&words).unwrap_err();
            assert!(wrong.contains(complaint), "{wrong}");
        }
    }
}
