//! The word that Shift+Tab asks about.

/// The word at the cursor, with what stands around it.
#[derive(Debug, PartialEq, Eq)]
pub struct Word {
    /// The word.
    pub name: String,
    /// What stands before it in a path, the next first: `collections`, `std` for HashMap.
    pub path: Vec<String>,
    /// Whether it is a method or a field.
    pub is_member: bool,
    /// The variable that it is a member of, if that is one.
    pub receiver: Option<String>,
    /// Whether it is a macro.
    pub is_macro: bool,
    /// Where it ends, in characters. There evcxr knows it, and nowhere else.
    pub end: usize,
}

impl Word {
    /// The word at the cursor (in characters), or the function whose arguments it stands among.
    pub fn at(code: &str, cursor: usize) -> Option<Word> {
        let code: Vec<char> = code.chars().collect();
        let cursor = cursor.min(code.len());
        let behind =
            code[..cursor].last().is_some_and(|c| ['(', '[', '!', '.', ':', ' '].contains(c));
        let beside =
            (0..1 + usize::from(behind)).find_map(|back| word_around(&code, cursor - back));
        let (start, end) = beside.or_else(|| called(&code, cursor))?;
        let mut word = Word {
            name: code[start..end].iter().collect(),
            path: Vec::new(),
            is_member: false,
            receiver: None,
            is_macro: code.get(end) == Some(&'!') && code.get(end + 1) != Some(&'='),
            end,
        };
        let mut at = start;
        while let Some((start, end)) = before(&code, at, "::").and_then(|at| generic(&code, at)) {
            word.path.push(code[start..end].iter().collect());
            at = start;
        }
        if let Some(dot) = before(&code, start, ".") {
            word.is_member = true;
            word.receiver = word_around(&code, dot)
                .filter(|(start, _)| before(&code, *start, ".").is_none())
                .map(|(start, end)| code[start..end].iter().collect());
        }
        Some(word)
    }
}

fn is_part(c: &char) -> bool {
    c.is_alphanumeric() || *c == '_'
}

/// The word that a place lies in or beside.
fn word_around(code: &[char], at: usize) -> Option<(usize, usize)> {
    let start = at - code[..at].iter().rev().take_while(|c| is_part(c)).count();
    let end = at + code[at..].iter().take_while(|c| is_part(c)).count();
    (start < end && !code[start].is_numeric()).then_some((start, end))
}

/// The end of what stands before a sign, white space aside.
fn before(code: &[char], at: usize, sign: &str) -> Option<usize> {
    let spaces = |at: usize| at - code[..at].iter().rev().take_while(|c| c.is_whitespace()).count();
    let at = spaces(at);
    let start = at.checked_sub(sign.len())?;
    code[start..at].iter().copied().eq(sign.chars()).then(|| spaces(start))
}

/// The word that ends at a place, also in front of `::<..>` or `<..>`.
fn generic(code: &[char], end: usize) -> Option<(usize, usize)> {
    let mut at = end;
    if code.get(at.checked_sub(1)?) == Some(&'>') {
        at = opening(code, at - 1, '<', '>')?;
        at = before(code, at, "::").unwrap_or(at);
    }
    word_around(code, at).filter(|(_, end)| *end == at)
}

/// Where the bracket opens that closes here, or that stands open here.
fn opening(code: &[char], from: usize, open: char, close: char) -> Option<usize> {
    let mut depth = 0;
    (0..=from).rev().find(|at| {
        match code.get(*at) {
            Some(c) if *c == close => depth += 1,
            Some(c) if *c == open => depth -= 1,
            _ => (),
        }
        depth <= 0 && code.get(*at) == Some(&open)
    })
}

/// The function or macro in whose parentheses a place lies.
fn called(code: &[char], cursor: usize) -> Option<(usize, usize)> {
    let mut depth = 0;
    // Behind the closing parenthesis it is still the call.
    let cursor = cursor - usize::from(code[..cursor].ends_with(&[')']));
    for at in (0..cursor).rev() {
        match code[at] {
            ')' | ']' | '}' => depth += 1,
            '(' | '[' | '{' if depth > 0 => depth -= 1,
            '(' => return generic(code, before(code, at, "!").unwrap_or(at)),
            '[' if code[..at].ends_with(&['!']) => return generic(code, at - 1),
            '[' | '{' => return None,
            _ => (),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn word(code: &str) -> Word {
        let cursor = code.chars().position(|c| c == '|').unwrap();
        Word::at(&code.replacen('|', "", 1), cursor).unwrap()
    }

    fn name(code: &str) -> String {
        word(code).name
    }

    #[test]
    fn the_word_at_the_cursor_or_the_function_it_calls() {
        assert_eq!(name("let h = trainer.f|it(&model);"), "fit");
        assert_eq!(name("let h = trainer.fit|(&model);"), "fit");
        assert_eq!(name("let h = trainer.fit(|&model);"), "fit");
        assert_eq!(name("let h = trainer.fit(&model, (1, 2), |)"), "fit");
        assert_eq!(name("let h = trainer.fit(&model)|"), "fit");
        assert_eq!(name("x.iter().sum::<usize>(|)"), "sum");
        assert_eq!(name("println!(\"{}\", |)"), "println");
        assert_eq!(name("vec![1, |]"), "vec");
        assert!(Word::at("if a { ", 7).is_none());
        assert!(Word::at("", 3).is_none());
        assert!(Word::at("((((", 4).is_none());
    }

    #[test]
    fn what_stands_before_it() {
        let path = word("let ü = std::collections::Hash|Map::new();");
        assert_eq!((path.path, path.end), (vec!["collections".to_owned(), "std".to_owned()], 33));
        assert_eq!(word("Vec::<u8>::ne|w()").path, ["Vec"]);
        assert_eq!(word("trainer.fi|t(").receiver.as_deref(), Some("trainer"));
        assert_eq!(word("a.b().fi|t(").receiver, None);
        assert!(word("a.b().fi|t(").is_member);
        assert!(word("prin|tln!()").is_macro && !word("a |!= b").is_macro);
    }
}
