//! Names with `*` and `?` in them, as a shell has them.

/// Whether a name is such, `*` standing for any letters and `?` for one.
pub fn is_like(name: &str, pattern: &str) -> bool {
    let (name, pattern): (Vec<char>, Vec<char>) =
        (name.chars().collect(), pattern.chars().collect());
    let (mut at, mut place) = (0, 0);
    // Where the last star was, and up to where in the name it has been tried.
    let mut star: Option<(usize, usize)> = None;
    while at < name.len() {
        match pattern.get(place) {
            Some('*') => {
                star = Some((place, at));
                place += 1;
            }
            Some(letter) if *letter == '?' || *letter == name[at] => {
                (at, place) = (at + 1, place + 1)
            }
            _ => {
                let Some((star_place, tried)) = star else { return false };
                star = Some((star_place, tried + 1));
                (at, place) = (tried + 1, star_place + 1);
            }
        }
    }
    pattern[place..].iter().all(|letter| *letter == '*')
}

#[cfg(test)]
mod tests {
    use super::is_like;

    #[test]
    fn a_star_is_any_letters_and_a_question_mark_is_one() {
        for (name, pattern) in [("", "**"), ("abcbc", "a*bc"), ("é\u{1f600}", "??"), ("a*", "a*")]
        {
            assert!(is_like(name, pattern), "{name} {pattern}");
        }
        for (name, pattern) in [("", "?"), ("abc", "a*bc?"), ("abcd", "a*bc"), ("ab", "a")] {
            assert!(!is_like(name, pattern), "{name} {pattern}");
        }
        // Not one that takes for ever.
        assert!(!is_like(&"a".repeat(9000), &"a*".repeat(500).replace("a*", "a*b")));
    }
}
