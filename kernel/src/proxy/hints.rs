//! What to do about the messages of evcxr and of the compiler that a beginner meets in a notebook.

use super::failure::Failure;

/// Words of a message, and what they mean here.
const HINTS: [(&[&str], &str); 13] = [
    (
        &["use of moved value", "borrow of moved value", "E0382"],
        "the variable was moved: pass `&x` or `x.clone()` instead of `x` where it is used first",
    ),
    (
        &["non-static lifetime", "borrowed value does not live long enough", "does not live long"],
        "a notebook's variables live on between cells, so they must own what they hold: \
         `.to_owned()`, `.to_vec()` or `.clone()`; or put the cell's code between { and }",
    ),
    (
        &["is a closure, which cannot be persisted"],
        "a closure has no type that can be written down: make it a `pub fn`, or a \
         `Box<dyn Fn(f64) -> f64>`",
    ),
    (
        &["which cannot be persisted"],
        "a notebook's variable needs a type that can be written down: collect an iterator, \
         `let x: Vec<_> = ...collect();`, or put the cell's code between { and }",
    ),
    (
        &["Couldn't automatically determine type", "type annotations needed", "without specifying"],
        "say the type: `let x: Vec<f64> = ...;`",
    ),
    (
        &["conflicting implementations", "E0119"],
        "an `impl` that stands alone in a cell can be run once: put the struct and its impls into \
         one cell, and run that",
    ),
    (
        &["duplicate definitions with name", "E0592"],
        "an `impl` that stands alone in a cell can be run once: put the struct and its impls into \
         one cell, and run that",
    ),
    (
        &["cannot find value"],
        "if another cell defines it, run that cell first; after a crash or a second stop, run the \
         cells above again",
    ),
    (
        &["cannot find type", "cannot find function", "cannot find macro", "unresolved import"],
        "is the cell with its `use` or `:dep` line run?",
    ),
    (
        &["cannot borrow", "as mutable"],
        "a variable that is to change is made by `let mut x = ...;`",
    ),
    (&["is private", "private type"], "items that cells share are `pub`: `pub struct`, `pub fn`"),
    (
        &["no method named"],
        "Shift+Tab on the variable shows its type; Tab after the dot shows its methods",
    ),
    (&["missing a semicolon"], "a line that ends a statement ends in `;`"),
];

/// What the end of the cells' process means.
const ENDS: [(&str, &str); 4] = [
    ("signal: 9", "the system ended it, most likely because memory was full"),
    ("signal: 11", "a crash in compiled code (segmentation fault)"),
    ("signal: 6", "a crash in compiled code (abort)"),
    ("exit status", "the cell ended it (`std::process::exit`)"),
];

/// Adds to an error what to do about it.
pub fn explain(failure: &mut Failure) {
    if failure.value.contains("Subprocess terminated") {
        *failure = ended(&failure.value);
        return;
    }
    let text = format!("{}\n{}", failure.value, failure.traceback.join("\n"));
    let hint = HINTS.iter().find(|(words, _)| match words {
        // These two are one message.
        ["cannot borrow", "as mutable"] => words.iter().all(|word| text.contains(word)),
        words => words.iter().any(|word| text.contains(word)),
    });
    if let Some((_, hint)) = hint {
        failure.traceback.push(format!("\u{1b}[1mIn a notebook:\u{1b}[0m {hint}"));
    }
}

/// Names the library's place where a cell has another one, as in a notebook that was copied.
pub fn explain_path(failure: &mut Failure, code: &str, (name, place): (&str, &str)) {
    let loads = code.lines().any(|line| {
        let dependency = line.trim_start().strip_prefix(":dep").unwrap_or_default();
        dependency.trim_start().strip_prefix(name).is_some_and(|rest| rest.contains("path"))
    });
    if loads && failure.value.contains("No such file or directory") {
        failure.traceback.push(format!(
            "\u{1b}[1m{name} lies elsewhere:\u{1b}[0m :dep {name} = {{ path = \"{place}\" }}"
        ));
    }
}

fn ended(message: &str) -> Failure {
    let why = ENDS.iter().find(|(words, _)| message.contains(words)).map(|(_, why)| *why);
    let why = why.unwrap_or("why is not known");
    let text = format!(
        "the process of the cells has ended: {why}. All variables were lost with it: run the cells \
         above again."
    );
    Failure::new("Ended", &text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn explained(value: &str) -> String {
        let mut failure = Failure::new("Error", value);
        explain(&mut failure);
        failure.traceback.join("\n")
    }

    #[test]
    fn messages_get_a_line_that_says_what_to_do() {
        for (message, wanted) in [
            ("borrow of moved value: `x`", "x.clone()"),
            ("The variable `x` contains a reference with a non-static lifetime", ".to_owned()"),
            ("The variable `f` is a closure, which cannot be persisted.", "pub fn"),
            ("Couldn't automatically determine type of variable `x`.", "say the type"),
            ("conflicting implementations of trait `A` for type `B`", "one cell"),
            ("cannot find value `x` in this scope", "run that cell first"),
            ("cannot borrow `x` as mutable, as it is not declared as mutable", "let mut"),
        ] {
            assert!(explained(message).contains(wanted), "{message}");
        }
        assert!(!explained("mismatched types").contains("In a notebook"));
    }

    #[test]
    fn a_wrong_path_is_told_with_the_right_one() {
        let mut failure =
            Failure::new("Error", "No such file or directory (os error 2): \"../..\"");
        let library = ("unit8", "/course");
        explain_path(&mut failure, "use unit8::tch;", library);
        assert_eq!(failure.traceback.len(), 1);
        explain_path(&mut failure, ":dep unit8 = { path = \"../..\" }\nuse unit8::tch;", library);
        assert!(failure.traceback[1].contains(":dep unit8 = { path = \"/course\" }"));
    }

    #[test]
    fn an_ended_process_is_told_without_a_stack() {
        let text = explained("stack\nSubprocess terminated with status: signal: 11 (SIGSEGV)");
        assert!(text.contains("segmentation fault") && text.contains("run the cells above again"));
        assert!(!text.contains("stack"));
    }
}
