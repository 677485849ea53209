//! Classifies the lines of standard input or of a file, or the texts of a CSV column, with a finetuned
//! model: `cargo run --release -p unit8-predict -- MODEL [FILE] [--column NAME]`. One line of JSON for
//! each text, in their order.

mod arguments;
mod input;
mod output;
mod progress;

use arguments::{Arguments, Call};
use input::Input;
use output::{Output, Reader, Said};
use progress::Progress;
use std::process::ExitCode;
use unit8::{AutoModelForSequenceClassification as Model, Error, Trainer};

type Failed = Box<dyn std::error::Error>;

fn main() -> ExitCode {
    let arguments = match arguments::read(std::env::args_os()) {
        Ok(Call::Classify(arguments)) => arguments,
        Ok(Call::Help) => {
            print!("{}", arguments::HELP);
            return ExitCode::SUCCESS;
        }
        Err(wrong) => {
            eprintln!("{wrong} (unit8-predict --help tells more)");
            return ExitCode::from(2);
        }
    };
    match classify(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failed) if matches!(failed.downcast_ref(), Some(Error::Stopped(_))) => {
            eprintln!("stopped: the results so far are whole");
            ExitCode::from(130)
        }
        Err(failed) => {
            eprintln!("{}", in_our_words(&failed.to_string()));
            ExitCode::FAILURE
        }
    }
}

fn classify(arguments: &Arguments) -> Result<(), Failed> {
    let mut output = Output::of_process()?;
    let input = Input::open(arguments)?;
    let model = Model::from_finetuned(&arguments.model)?;
    let max_length = arguments.max_length.unwrap_or(model.tokenizer.max_length());
    let trainer = Trainer { precision: arguments.precision, ..Default::default() };
    let mut progress = Progress::start(input.size, max_length, output.is_seen());
    output::silence_library()?;
    let (windows, reading) = input.encode(model.tokenizer.clone(), max_length);
    for window in windows {
        let window = window?;
        window.notes.iter().for_each(|note| progress.say(&in_our_words(note)));
        let said = Said::by(&trainer, &model, &window.encodings)
            .map_err(|error| in_the_input(error, progress.texts()))?;
        let written = output.write(&said);
        if written.map_err(|error| format!("the results can't be written: {error}"))?
            == Reader::Gone
        {
            return Ok(());
        }
        progress.after(&window);
    }
    // A thread that broke down has ended its windows, too.
    reading.join().map_err(|_| "the texts can't be read")?;
    progress.end();
    Ok(())
}

/// The library counts the rows of a window.
fn in_the_input(error: Error, before: usize) -> Error {
    match error {
        Error::Data(message) => Error::Data(format!("behind the first {before} texts: {message}")),
        other => other,
    }
}

/// What to do with JSON, whose texts may have line ends.
const IN_LINES: &str =
    r#"write its texts as lines, jq -r '.text | gsub("\n"; " ")', and read them without --column"#;

/// The library's remedies, as this program's options.
fn in_our_words(message: &str) -> String {
    message
        .replace("set quotes: false in CsvOptions", "give --no-quotes")
        .replace("set header: false in CsvOptions, and its", "give --no-header; its")
        .replace("say which, separator: Some(", "give --separator ")
        .replace("') in CsvOptions", "'")
        .replace("Reviews::from_json_lines reads it", IN_LINES)
        .replace("max_length =", "--max-length")
}

#[cfg(test)]
mod tests {
    use super::*;
    use unit8::{CsvOptions, TextStream};

    #[test]
    fn remedies_are_options_of_this_program() {
        let refused = |bytes: &'static [u8], header| {
            let options = CsvOptions { header, ..Default::default() };
            let column = if header { "text" } else { "0" };
            let texts = TextStream::column(bytes, "in", column, &options);
            let error = match texts {
                Err(error) => error,
                Ok(mut texts) => texts.find_map(|text| text.err()).unwrap(),
            };
            in_our_words(&error.to_string())
        };
        for (bytes, header, remedy) in [
            (&b"text\n\"a\n"[..], true, "give --no-quotes"),
            (b"text,n\n\"a\nb\"\n", true, "give --no-quotes"),
            (b"review\na\n", true, "give --no-header;"),
            (b"a, b\tpos\nc, d\tneg\n", false, r"',' or '\t': give --separator ','"),
            (b"{\"text\": \"a\"}\n", true, "jq -r '.text"),
        ] {
            let words = refused(bytes, header);
            let is_ours = ["CsvOptions", "Some(", "::"].iter().all(|word| !words.contains(word));
            assert!(words.contains(remedy) && is_ours, "{words}");
        }
    }
}
