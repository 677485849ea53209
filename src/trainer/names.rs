//! What the classes are called: by the model, by the data to learn from, by the data to look at.

use crate::dataset::{are_names, list, numbered};
use crate::display::remark;
use crate::error::{Error, Result};

/// The names for a training on `train` that is validated on `val`. Numbers without names go with
/// any names that are enough.
pub fn of_training(train: &[String], val: &[String]) -> Result<Vec<String>> {
    let fits = match (are_names(train), are_names(val)) {
        (true, true) => train == val,
        (true, false) => val.len() <= train.len() && !are_values(train),
        (false, true) => train.len() <= val.len() && !are_values(val),
        (false, false) => true,
    };
    if !fits {
        return Err(Error::Data(format!(
            "the training data has {}, the validation data {}: both need the same classes in the \
             same order, as the parts of one split have them",
            described(train),
            described(val)
        )));
    }
    let val_decides = are_names(val) || (!are_names(train) && val.len() > train.len());
    Ok(if val_decides { val } else { train }.to_vec())
}

/// The names under which the answers of a model on `data` are shown: those of the data, else those
/// of the model. What is odd about them is printed, or an error.
pub fn of_answers(model: &[String], data: &[String]) -> Result<Vec<String>> {
    if !are_names(model) || (are_names(data) && same(model, data)) {
        return Ok(data.to_vec());
    }
    // Nobody knows the labels of what is predicted: there are no names to compare.
    if data.is_empty() {
        return Ok(model.to_vec());
    }
    if !are_names(data) && !are_values(model) {
        return Ok(if data.len() > model.len() { data } else { model }.to_vec());
    }
    if model.len() != data.len() || misplaced(model, data) || !are_names(data) {
        return Err(Error::Data(format!(
            "the model has {}, the data {}: a class must have the same number in both, so number the \
             data like the training data, reviews.with_class_names(&train.class_names)?, or train the \
             model on such data",
            described(model),
            described(data)
        )));
    }
    let (theirs, its) = (list(data), list(model));
    remark(&format!("the data's classes {theirs} stand for the model's {its}"));
    Ok(data.to_vec())
}

/// What is to be said when a model whose classes have names learns others.
pub fn of_other_classes(model: &[String], data: &[String]) -> Option<String> {
    if !are_names(model) || same(model, data) {
        return None;
    }
    let were = list(model);
    Some(match are_names(data) {
        true => format!("the model's classes were {were}, and are {} now", list(data)),
        false => format!("the data has no names for its classes: the model keeps {were}"),
    })
}

/// These names for so many outputs of a model: those that none is known for have numbers.
///
/// # Errors
/// [`Error::Data`] if there are fewer outputs than classes, or more than names.
pub fn of_outputs(names: &[String], outputs: usize) -> Result<Vec<String>> {
    let classes = names.len();
    if are_names(names) && outputs != classes {
        let remedy = match outputs > classes {
            true => "if it was trained on more classes, number these like those: \
                     reviews.with_class_names(&train.class_names)?"
                .to_owned(),
            false => format!("give it {classes}"),
        };
        return Err(Error::Data(format!(
            "the model has {outputs} outputs, and there are {}: {remedy}",
            described(names)
        )));
    }
    if outputs < classes {
        return Err(Error::Data(format!(
            "label {}, but the model has {outputs} outputs: give it {classes} or more (classes count \
             from 0)",
            classes - 1
        )));
    }
    Ok(if are_names(names) { names.to_vec() } else { numbered(outputs) })
}

/// Whether these are values, 1 to 5 say, whose order made them classes: the number of a class is then
/// another one.
fn are_values(names: &[String]) -> bool {
    names.iter().all(|name| name.parse::<f64>().is_ok())
}

/// Whether they are the same but for capital letters.
fn same(a: &[String], b: &[String]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.to_lowercase() == b.to_lowercase())
}

/// Whether a name stands for one number here and for another one there.
fn misplaced(a: &[String], b: &[String]) -> bool {
    let place =
        |name: &String| b.iter().position(|other| other.to_lowercase() == name.to_lowercase());
    a.iter().enumerate().any(|(class, name)| place(name).is_some_and(|other| other != class))
}

fn described(names: &[String]) -> String {
    match names.len() {
        1 => format!("the class {}", names[0]),
        count => format!("{count} classes ({})", list(names)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(words: &str) -> Vec<String> {
        words.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn both_parts_of_a_training_have_the_same_classes() {
        let together = |train, val| of_training(&names(train), &names(val));
        for (train, val, expected) in [
            ("ham spam", "ham spam", "ham spam"),
            ("ham spam", "0 1", "ham spam"),
            ("ham spam", "0", "ham spam"),
            ("1 2 3", "1 2 3", "1 2 3"),
            ("0 1", "ham spam", "ham spam"),
            ("0 1", "0 1 2", "0 1 2"),
            ("0 1 2", "0 1", "0 1 2"),
        ] {
            assert_eq!(together(train, val).unwrap(), names(expected), "{train}, {val}");
        }
        for (train, val) in [
            ("ham spam", "spam ham"),
            ("ham spam", "ham spam egg"),
            ("ham spam", "0 1 2"),
            ("0 1 2", "ham spam"),
        ] {
            let error = together(train, val).unwrap_err().to_string();
            let [train, val] = [train, val].map(|words| names(words).join(", "));
            assert!(
                error.contains(&format!("({train})")) && error.contains(&format!("({val})")),
                "{error}"
            );
        }
    }

    #[test]
    fn answers_have_the_names_of_the_data_else_of_the_model() {
        let shown = |model, data| of_answers(&names(model), &names(data));
        for (model, data, expected) in [
            ("NEGATIVE POSITIVE", "negative positive", "negative positive"),
            ("NEGATIVE POSITIVE", "ham spam", "ham spam"),
            ("NEGATIVE POSITIVE", "0 1", "NEGATIVE POSITIVE"),
            ("NEGATIVE POSITIVE", "0", "NEGATIVE POSITIVE"),
            ("NEGATIVE POSITIVE", "0 1 2", "0 1 2"),
            ("", "ham spam", "ham spam"),
            ("", "0 1", "0 1"),
            ("1 2 5", "", "1 2 5"),
            ("ham spam", "", "ham spam"),
            ("", "", ""),
        ] {
            assert_eq!(shown(model, data).unwrap(), names(expected), "{model}, {data}");
        }
        for (model, data) in
            [("NEGATIVE POSITIVE", "positive negative"), ("a b c", "a b"), ("a b c", "b x y")]
        {
            let error = shown(model, data).unwrap_err().to_string();
            assert!(error.contains("the same number in both"), "{error}");
        }
    }

    #[test]
    fn a_model_that_learns_other_classes_says_so() {
        let said = |model, data| of_other_classes(&names(model), &names(data));
        assert!(
            said("NEGATIVE POSITIVE", "ham spam")
                .is_some_and(|line| line.contains("ham, spam now"))
        );
        for (model, data) in
            [("NEGATIVE POSITIVE", "negative positive"), ("", "ham spam"), ("", "0 1")]
        {
            assert_eq!(said(model, data), None, "{model}, {data}");
        }
        let kept = said("ham spam", "0 1").unwrap();
        assert_eq!(kept, "the data has no names for its classes: the model keeps ham, spam");
    }

    #[test]
    fn outputs_and_classes_fit() {
        assert_eq!(of_outputs(&names("ham spam"), 2).unwrap(), names("ham spam"));
        assert_eq!(of_outputs(&names("0 1"), 3).unwrap(), names("0 1 2"));
        let error = of_outputs(&names("ham spam"), 3).unwrap_err().to_string();
        assert_eq!(
            error,
            "the model has 3 outputs, and there are 2 classes (ham, spam): if it was trained on more \
             classes, number these like those: reviews.with_class_names(&train.class_names)?"
        );
        let few = of_outputs(&names("0 1"), 1).unwrap_err().to_string();
        assert_eq!(
            few,
            "label 1, but the model has 1 outputs: give it 2 or more (classes count from 0)"
        );
    }
}
