//! How the crate `evcxr_input` asks the user: by a line of output in front of what it reads.

/// Takes such a line from the end of a text: the prompt, and whether a password is asked for.
pub fn take(text: &mut String) -> Option<(String, bool)> {
    let start = start(text)?;
    let line = text.split_off(start);
    let rest = line.strip_prefix(ASKS)?;
    let (rest, password) = match rest.strip_prefix("_PASSWORD") {
        Some(rest) => (rest, true),
        None => (rest, false),
    };
    Some((rest.strip_prefix(':')?.trim_end().to_owned(), password))
}

const ASKS: &str = "EVCXR_INPUT_REQUEST";

/// Where such a line begins, if it is the last one.
pub fn start(text: &str) -> Option<usize> {
    let start = text.strip_suffix('\n')?.rfind('\n').map_or(0, |newline| newline + 1);
    let rest = text[start..].strip_prefix(ASKS)?;
    (rest.starts_with(':') || rest.starts_with("_PASSWORD:")).then_some(start)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_line_is_taken_if_it_asks() {
        for (text, left, taken) in [
            ("a\nEVCXR_INPUT_REQUEST:Name? \n", "a\n", Some(("Name?", false))),
            ("EVCXR_INPUT_REQUEST_PASSWORD:Key:\n", "", Some(("Key:", true))),
            ("EVCXR_INPUT_REQUEST:Name?\nb\n", "EVCXR_INPUT_REQUEST:Name?\nb\n", None),
            ("EVCXR_INPUT_REQUESTS\n", "EVCXR_INPUT_REQUESTS\n", None),
            ("", "", None),
        ] {
            let mut rest = text.to_owned();
            let taken = taken.map(|(prompt, password)| (prompt.to_owned(), password));
            assert_eq!((take(&mut rest), rest.as_str()), (taken, left));
        }
    }
}
