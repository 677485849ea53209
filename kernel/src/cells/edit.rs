//! What is changed in a cell's source between evcxr and rustc: only in lines that evcxr wrote, and
//! never their number, as evcxr tells by it which part of the source an error belongs to.

use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// The line by which evcxr's code tells evcxr that a cell panicked.
const PANIC: &str = "println!(\"EVCXR_PANIC_NOTIFICATION\");";

/// The values of evcxr's constants whose lines carry messages from the cells' process.
const MESSAGES: [&str; 2] = ["EVCXR_ERROR_OCCURRED", "EVCXR_VARIABLE_CHANGED_TYPE:"];

/// Begins the line after the one with which a cell's function begins.
const FUNCTION: &str = "pub extern \"C\" fn run_user_code_";

/// Shows a value that has no way of its own. evcxr tries `evcxr_display` first and Debug when that
/// fails to compile: with this, the first attempt succeeds.
const DISPLAY: &str = "trait NotebookDisplay { fn evcxr_display(&self); } \
     impl<T: std::fmt::Debug + ?Sized> NotebookDisplay for T { fn evcxr_display(&self) { \
     println!(\"EVCXR_BEGIN_CONTENT text/plain\\n{self:?}\\nEVCXR_END_CONTENT\"); } } ";

/// The variables that a cell stands to lose if it fails.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Variables {
    /// Those that it moves away.
    pub moved: Vec<String>,
}

impl Variables {
    /// Where they are noted of the cell that was compiled last.
    pub fn file(folder: &Path) -> PathBuf {
        folder.join("cell.json")
    }
}

/// Marks evcxr's own messages by the token, so that nothing that a cell prints can be taken for
/// them, and the text of an error that ended a cell by `\u{2}` and `\u{3}`.
pub fn edit(source: &str, token: &str) -> String {
    let token = token.escape_default().to_string();
    let lines: Vec<&str> = source.lines().collect();
    let panic = lines.iter().rposition(|line| line.trim() == PANIC);
    let error = lines
        .iter()
        .rposition(|line| {
            let line = line.trim_start();
            line.starts_with("impl<T: ") && line.ends_with("> From<T> for EvcxrUserCodeError {")
        })
        .map(|line| line + 2);
    let runtime = lines.iter().rposition(|line| *line == "mod evcxr_internal_runtime {");
    let function = lines.iter().position(|line| line.starts_with(FUNCTION));
    let shows = lines.contains(&").evcxr_display();");
    let mut edited = String::with_capacity(source.len() + 100);
    for (number, line) in lines.iter().enumerate() {
        if shows && Some(number + 1) == function {
            edited += DISPLAY;
        }
        if Some(number) == panic {
            edited += &line.replace("EVCXR_", &format!("{token}EVCXR_"));
        } else if Some(number) == error && line.trim_start().starts_with("eprintln!(\"") {
            edited += &line.replace("!(\"", "!(\"\\u{2}").replace("\", error", "\\u{3}\", error");
        } else if runtime.is_some_and(|runtime| number > runtime && number < runtime + 20)
            && MESSAGES.iter().any(|message| line.ends_with(&format!("\"{message}\";")))
        {
            edited += &line.replace("\"EVCXR_", &format!("\"{token}EVCXR_"));
        } else {
            edited += line;
        }
        edited.push('\n');
    }
    edited
}

/// Reads from evcxr's lines which variables a cell takes and does not give back.
pub fn variables(source: &str) -> Variables {
    let (mut taken, mut new, mut kept) = (Vec::new(), Vec::new(), Vec::new());
    let mut is_over = false;
    for line in source.lines() {
        if let Some(name) = stored(line, "let ", ".take_variable::<") {
            taken.push(name);
        } else if let Some(name) = stored(line, "", ".put_variable::<") {
            if is_over { kept.push(name) } else { new.push(name) }
        }
        is_over |= line == "  Ok(_) => {}";
    }
    taken.retain(|name| !kept.contains(name) && !new.contains(name));
    taken.sort();
    Variables { moved: taken }
}

/// The name in `evcxr_variable_store.<method>…(stringify!(NAME)…`.
fn stored(line: &str, start: &str, method: &str) -> Option<String> {
    let call = line.find("evcxr_variable_store").filter(|_| line.starts_with(start))?;
    let rest = line[call..].strip_prefix("evcxr_variable_store")?.strip_prefix(method)?;
    let (_, name) = rest.rsplit_once("(stringify!(")?;
    Some(name.split(')').next()?.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const CELL: &str = r#"#![allow(unused_imports, unused_mut, dead_code)]

            struct EvcxrUserCodeError {}
            impl<T: std::fmt::Display> From<T> for EvcxrUserCodeError {
                fn from(error: T) -> Self {
                    eprintln!("{}", error);
                    println!("{}", evcxr_internal_runtime::USER_ERROR_OCCURRED);
                    EvcxrUserCodeError {}
                }
            }
        
mod evcxr_internal_runtime {
pub const VARIABLE_CHANGED_TYPE: &str = "EVCXR_VARIABLE_CHANGED_TYPE:";
pub const USER_ERROR_OCCURRED: &str = "EVCXR_ERROR_OCCURRED";
}
#[unsafe(no_mangle)]
pub extern "C" fn run_user_code_3(
let evcxr_variable_store = unsafe {&mut *evcxr_variable_store};
let mut model = evcxr_variable_store.take_variable::<Vec<f64>>(stringify!(model));
let texts = evcxr_variable_store.take_variable::<Vec<String>>(stringify!(texts));
match std::panic::catch_unwind(
  std::panic::AssertUnwindSafe(||{
println!("EVCXR_PANIC_NOTIFICATION");
let length = consume(texts)?;
evcxr_variable_store.put_variable::<usize>(stringify!(length), length);
})) { 
  Ok(_) => {}
  Err(_) => {
    println!("EVCXR_PANIC_NOTIFICATION");
}}
evcxr_variable_store.put_variable::<Vec<f64>>(stringify!(model), model);
evcxr_variable_store
}
"#;

    #[test]
    fn only_evcxr_s_own_lines_change_and_their_number_does_not() {
        let edited = edit(CELL, "\u{2}k7:");
        assert_eq!(edited.lines().count(), CELL.lines().count());
        let changed: Vec<&str> = CELL
            .lines()
            .zip(edited.lines())
            .filter(|(old, new)| old != new)
            .map(|(_, new)| new.trim())
            .collect();
        assert_eq!(
            changed,
            [
                r#"eprintln!("\u{2}{}\u{3}", error);"#,
                r#"pub const VARIABLE_CHANGED_TYPE: &str = "\u{2}k7:EVCXR_VARIABLE_CHANGED_TYPE:";"#,
                r#"pub const USER_ERROR_OCCURRED: &str = "\u{2}k7:EVCXR_ERROR_OCCURRED";"#,
                r#"println!("\u{2}k7:EVCXR_PANIC_NOTIFICATION");"#,
            ]
        );
    }

    #[test]
    fn a_value_is_shown_at_the_first_attempt() {
        let source =
            CELL.replace("consume(texts)?;", "consume(texts)?;\n(\nlength\n).evcxr_display();");
        let edited = edit(&source, "k7");
        let line = edited.lines().position(|line| line.starts_with("trait NotebookDisplay"));
        assert_eq!(line, source.lines().position(|line| line == "#[unsafe(no_mangle)]"));
        assert!(!edit(CELL, "k7").contains("NotebookDisplay"));
    }

    #[test]
    fn every_format_of_errors_is_marked() {
        for format in ["{:?}", "{:#?}"] {
            let source = CELL.replace("\"{}\", error)", &format!("\"{format}\", error)"));
            let marked = format!("eprintln!(\"\\u{{2}}{format}\\u{{3}}\", error);");
            assert!(edit(&source, "\u{2}k7:").contains(&marked), "{marked}");
        }
    }

    #[test]
    fn what_a_failed_cell_takes_with_it_is_known() {
        let variables = variables(CELL);
        assert_eq!(variables.moved, ["texts"]);
    }
}
