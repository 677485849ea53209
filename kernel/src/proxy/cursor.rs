//! Places in a cell's code: Jupyter counts code points, evcxr what a reader takes for one character,
//! of which a flag, a hand with a colour or an é can have several.

use serde_json::Value;
use unicode_segmentation::UnicodeSegmentation;

/// So many characters begin before this code point.
pub fn to_evcxr(code: &str, code_points: u64) -> usize {
    let place = code.char_indices().nth(code_points as usize).map(|(byte, _)| byte);
    let place = place.unwrap_or(code.len());
    code.grapheme_indices(true).take_while(|(begin, _)| *begin < place).count()
}

/// So many code points these characters have.
fn to_jupyter(code: &str, characters: u64) -> usize {
    code.graphemes(true).take(characters as usize).map(|character| character.chars().count()).sum()
}

/// evcxr's completions, with the places as Jupyter counts them.
pub fn completions(code: &str, mut content: Value) -> Value {
    for (place, of_each) in [("cursor_start", "start"), ("cursor_end", "end")] {
        let Some(characters) = content[place].as_u64() else { continue };
        let code_points = to_jupyter(code, characters);
        content[place] = code_points.into();
        let types = content.pointer_mut("/metadata/_jupyter_types_experimental");
        for completion in types.and_then(Value::as_array_mut).into_iter().flatten() {
            if let Some(place) = completion.get_mut(of_each) {
                *place = code_points.into();
            }
        }
    }
    content
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn places_come_back_behind_characters_of_several_code_points() {
        for before in ["", "ä", "❤️", "👍🏽🇫🇷", "e\u{301}", "कि", "\r\n"] {
            let code = format!("let t = \"{before}\"; tra");
            let all = code.chars().count();
            for code_points in [0, 3, 9, all - 3, all, all + 7] {
                let characters = to_evcxr(&code, code_points as u64);
                let back = to_jupyter(&code, characters as u64);
                assert_eq!(back, code_points.min(all), "{code:?}");
            }
            assert_eq!(to_evcxr(&code, all as u64), code.graphemes(true).count());
        }
    }

    #[test]
    fn completions_are_put_in_their_places() {
        let code = "\"❤️\"; tra";
        let content = json!({"cursor_start": 5, "cursor_end": 8, "matches": ["trainer"], "metadata":
            {"_jupyter_types_experimental": [{"text": "trainer", "start": 5, "end": 8}]}});
        let content = completions(code, content);
        assert_eq!((&content["cursor_start"], &content["cursor_end"]), (&json!(6), &json!(9)));
        let of_each = &content["metadata"]["_jupyter_types_experimental"][0];
        assert_eq!((&of_each["start"], &of_each["end"]), (&json!(6), &json!(9)));
        assert_eq!(completions(code, json!({"status": "error"})), json!({"status": "error"}));
    }
}
