//! Numbers and names for the classes of somebody's labels.

use super::quote::{list, quote};
use crate::error::{Error, Result};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// No data set for learning has more classes; a number above this is no class but, say, a year.
pub const MAX_CLASSES: i64 = 1000;

/// What labels became.
#[derive(Debug)]
pub struct Classes {
    /// A class number for each of them.
    pub labels: Vec<i64>,
    pub names: Vec<String>,
    /// What should be said of it.
    pub note: Option<String>,
}

/// Numbers the classes. Labels that are numbers are ordered by value, others as texts; whole numbers
/// from 0 on without a gap are class numbers already.
///
/// `refuse` makes the error of a row and a complaint.
pub fn number(labels: &[String], refuse: impl Fn(usize, String) -> Error) -> Result<Classes> {
    let is_number = |label: &String| label.parse::<f64>().is_ok();
    if let Some(row) = labels.iter().position(|label| !is_number(label)) {
        let decorated = |label: &String| plain_number(label).is_some();
        if !labels.iter().all(|label| is_number(label) || decorated(label)) {
            let mut found = words(labels)?;
            if let Some(note) = found.note.as_mut().filter(|_| labels.iter().any(is_number)) {
                let odd = quote(&labels[row]);
                *note += &format!(" ({odd} is no number, others are: all are taken for words)");
            }
            return Ok(found);
        }
        let remedy = "write numbers with a decimal point and nothing between thousands, or put words in \
                      their place; if these are several labels, from_csv_multi_label reads them";
        return Err(refuse(row, format!("the label {}: {remedy}", quote(&labels[row]))));
    }
    let mut values = Vec::with_capacity(labels.len());
    for (row, label) in labels.iter().enumerate() {
        values.push(whole(label).ok_or_else(|| {
            let remedy = "labels are whole numbers or words: round it, or put a word in its place";
            refuse(row, format!("the label {label} is no class: {remedy}"))
        })?);
    }
    let distinct: BTreeSet<i128> = values.iter().copied().collect();
    check_count(distinct.len())?;
    let class_of: HashMap<i128, i64> = distinct.iter().copied().zip(0..).collect();
    let labels = values.iter().map(|value| class_of[value]).collect();
    let names: Vec<String> = distinct.iter().map(i128::to_string).collect();
    let note = distinct.iter().copied().ne(0..distinct.len() as i128).then(|| {
        let legend = legend(&names);
        format!("labels: {legend} (by value; with_class_names numbers another file alike)")
    });
    Ok(Classes { labels, names, note })
}

/// The value of a label that is a number but for a decimal comma or what stands between thousands.
/// Which of them it is can't be known: "1,000" is one or a thousand.
fn plain_number(label: &str) -> Option<f64> {
    const BETWEEN_DIGITS: [char; 6] = [',', ' ', '\'', '’', '\u{a0}', '\u{202f}'];
    label.replace(BETWEEN_DIGITS, "").parse().ok()
}

fn words(labels: &[String]) -> Result<Classes> {
    // As pandas takes them: True, TRUE and true are one.
    let truth = ["true", "false"];
    let is_truth = |label: &String| truth.iter().any(|word| label.eq_ignore_ascii_case(word));
    let distinct: BTreeSet<&str> = labels.iter().map(String::as_str).collect();
    if distinct.len() > truth.len() && labels.iter().all(is_truth) {
        return words(&labels.iter().map(|label| label.to_lowercase()).collect::<Vec<_>>());
    }
    check_count(distinct.len())?;
    let class_of: HashMap<&str, i64> = distinct.iter().copied().zip(0..).collect();
    let names: Vec<String> = distinct.iter().map(|name| (*name).to_owned()).collect();
    let mut note = format!("labels: {}", legend(&names));
    if let Some((one, other)) = alike(&names) {
        note += &format!(" ({} and {} are two classes)", quote(one), quote(other));
    }
    if let Some(name) = names.iter().find(|name| is_joined(name, &distinct)) {
        let name = quote(name);
        note += &format!(" ({name} looks like several labels: see from_csv_multi_label)");
    }
    let labels = labels.iter().map(|label| class_of[label.as_str()]).collect();
    Ok(Classes { labels, names, note: Some(note) })
}

/// Two names that differ only in capitals and in what is neither a letter nor a digit, or in how a
/// number, or yes and no, are written.
fn alike(names: &[String]) -> Option<(&str, &str)> {
    let mut seen: HashMap<String, &str> = HashMap::new();
    let key = |name: &str| match plain(name).to_lowercase().as_str() {
        "true" => "1".to_owned(),
        "false" => "0".to_owned(),
        name => name.replace(|c: char| !c.is_alphanumeric(), ""),
    };
    let mut named = names.iter().map(|name| (key(name), name.as_str()));
    named.find_map(
        |(key, name)| {
            if key.is_empty() { None } else { Some((seen.insert(key, name)?, name)) }
        },
    )
}

/// Whether this is a list of others of these names, or one as Python writes it.
fn is_joined(name: &str, names: &BTreeSet<&str>) -> bool {
    let is_list_by = |separator: char| {
        let mut parts = name.split(separator).map(str::trim);
        name.contains(separator) && parts.all(|part| names.contains(part))
    };
    [';', '|', ',', '/', '#'].into_iter().any(is_list_by) || is_list(name)
}

/// Whether a text is a list, a tuple, a set, a dictionary or an array, as Python's `str` or JSON has it.
pub fn is_list(text: &str) -> bool {
    let is_list = text.starts_with('[') && text.ends_with(']');
    is_list || ["('", "(\"", "{'", "{\""].iter().any(|start| text.starts_with(start))
}

fn check_count(classes: usize) -> Result<()> {
    if classes as i64 <= MAX_CLASSES {
        return Ok(());
    }
    Err(Error::Data(format!(
        "the labels have {classes} different values, too many for classes: is it the right column?"
    )))
}

/// Numbers the labels by given names. Where all labels are numbers and no name is, label 0 is the
/// first name.
pub fn by_names(
    labels: &[String],
    names: &[String],
    refuse: impl Fn(usize, String) -> Error,
) -> Result<Classes> {
    let mut class_of = HashMap::new();
    for (name, class) in names.iter().zip(0..) {
        if class_of.insert(plain(name), class).is_some() {
            let remedy = format!("{} is there twice: name each class once", quote(name));
            return Err(Error::argument("class_names", list(names), remedy));
        }
    }
    check_count(names.len())?;
    let is_number = |label: &String| whole(label).is_some();
    let mut legend = legend(names);
    if labels.iter().all(is_number) && !names.iter().any(is_number) {
        class_of = for_numbers(labels, names)?;
        legend = legend_of_numbers(names, &class_of);
    }
    let mut classes = Vec::with_capacity(labels.len());
    for (row, label) in labels.iter().enumerate() {
        classes.push(*class_of.get(&plain(label)).ok_or_else(|| {
            let label = quote(label);
            refuse(row, format!("the label {label} is none of the class names: {}", list(names)))
        })?);
    }
    let note = (names != numbered(&classes)).then(|| format!("labels: {legend}"));
    Ok(Classes { labels: classes, names: names.to_vec(), note })
}

/// The classes of labels that are numbers, in whatever way they are written, by names that are not:
/// of as many numbers as names the least is the first one, and of fewer each is a class number already,
/// if they count from 0.
fn for_numbers(labels: &[String], names: &[String]) -> Result<HashMap<String, i64>> {
    let values: BTreeSet<i128> = labels.iter().filter_map(|label| whole(label)).collect();
    let text = |value: &i128| value.to_string();
    if values.len() == names.len() {
        return Ok(values.iter().map(text).zip(0..).collect());
    }
    if values.first() == Some(&0) {
        return Ok((0..names.len() as i64).map(|class| (class.to_string(), class)).collect());
    }
    let numbers = list(values.iter().map(text));
    let remedy = format!(
        "the labels are the numbers {numbers}, and which of them has which name can't be known: \
         name {} classes, from the least number to the largest, or write the names into the data",
        values.len()
    );
    Err(Error::argument("class_names", list(names), remedy))
}

/// The numbering that a file brings: labels that are class numbers, and for each its name in another
/// column. A class without a row is called by its number.
pub fn named(labels: &[String], names: &[String]) -> Option<Classes> {
    let class = |label: &String| whole(label).and_then(|value| i64::try_from(value).ok());
    let labels: Vec<i64> = labels.iter().map(class).collect::<Option<_>>()?;
    if !labels.iter().all(|label| (0..MAX_CLASSES).contains(label)) {
        return None;
    }
    let mut found: BTreeMap<i64, &str> = BTreeMap::new();
    let agrees = |(label, name)| *found.entry(label).or_insert(name) == name;
    if !labels.iter().copied().zip(names.iter().map(String::as_str)).all(agrees) {
        return None;
    }
    if !found.contains_key(&0) {
        // They don't count from 0 as ours do: the names alone are the classes.
        let class_of: BTreeMap<i64, i64> = found.keys().copied().zip(0..).collect();
        let names: Vec<String> = found.values().map(|name| (*name).to_owned()).collect();
        let note = Some(format!("labels: {}", legend(&names)));
        let labels = labels.iter().map(|label| class_of[label]).collect();
        return all_different(&names).then_some(Classes { labels, names, note });
    }
    let mut all = numbered(&labels);
    for (label, name) in &found {
        all[*label as usize] = (*name).to_owned();
    }
    if !all_different(&all) {
        return None;
    }
    let note = (found.len() < all.len()).then(|| {
        let absent = (0..).zip(&all).filter(|(label, _)| !found.contains_key(label));
        format!("no row has the label {}", list(absent.map(|(_, name)| name)))
    });
    Some(Classes { labels, names: all, note })
}

/// Whether each class has a name, and one of its own.
fn all_different(names: &[String]) -> bool {
    let distinct: BTreeSet<&String> = names.iter().collect();
    distinct.len() == names.len() && names.iter().all(|name| !name.is_empty())
}

/// The names of classes that have only numbers: 0 to the largest.
pub fn numbered(labels: &[i64]) -> Vec<String> {
    super::labels::numbered(labels.iter().max().map_or(0, |largest| *largest as usize + 1))
}

/// What the labels mean: "0 = negative, 1 = positive".
pub fn legend(names: &[String]) -> String {
    let names = names.iter().enumerate();
    list(names.map(|(label, name)| format!("{label} = {name}")))
}

/// The same with the numbers that got the names, where they are other ones than those of the classes:
/// "0 = negative (was 1), 1 = positive (was 2)".
fn legend_of_numbers(names: &[String], class_of: &HashMap<String, i64>) -> String {
    let was: HashMap<i64, &String> =
        class_of.iter().map(|(number, class)| (*class, number)).collect();
    let names = names.iter().zip(0..).map(|(name, class)| match was.get(&class) {
        Some(number) if **number != class.to_string() => format!("{class} = {name} (was {number})"),
        _ => format!("{class} = {name}"),
    });
    list(names)
}

/// The value of a label that is a whole number, in whatever way it is written.
pub fn whole(label: &str) -> Option<i128> {
    /// Whole numbers up to here fit into an i128.
    const LARGEST: f64 = 1e38;
    let value = || label.parse().ok().filter(|value: &f64| value.fract() == 0.0);
    let small = |value: f64| (value.abs() < LARGEST).then_some(value as i128);
    label.parse().ok().or_else(|| small(value()?))
}

/// The name of the class: a number has one, however it is written.
pub fn plain(label: &str) -> String {
    let label = label.trim();
    whole(label).map_or_else(|| label.to_owned(), |value| value.to_string())
}

#[cfg(test)]
mod tests;
