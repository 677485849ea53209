//! What stands in the columns of several labels: 0 and 1 in a column for each class, or lists.

use super::MultiLabels;
use super::classes::{self, whole};
use super::quote::{list, quote};
use crate::error::{Error, Result};

/// What a column has for a text, each value as a text.
pub enum Cell {
    One(String),
    List(Vec<String>),
}

/// A column of a file or a frame.
pub struct Cells<'a> {
    pub name: &'a str,
    pub cells: Vec<Cell>,
}

/// What makes errors of rows and complaints, and how lists are asked for.
pub struct Source<'a> {
    pub refuse: &'a dyn Fn(usize, String) -> Error,
    pub lists: &'a str,
}

/// The labels of all texts, and what is to be said of them: of one column of lists, or of a column of
/// 0 and 1 for each class.
pub fn labels(
    columns: Vec<Cells>,
    class_names: Option<&[String]>,
    source: &Source,
) -> Result<(MultiLabels, Vec<String>)> {
    let has_lists = |column: &Cells| column.cells.iter().any(|cell| matches!(cell, Cell::List(_)));
    let (labels, note) = match &columns[..] {
        [column] if has_lists(column) => of_lists(column, class_names, source)?,
        _ => (of_flags(&columns, class_names, source)?, None),
    };
    let mut notes: Vec<String> = note.into_iter().collect();
    let (all, without) = (labels.len(), labels.without_label());
    if without > 0 {
        notes.push(format!("{without} of {all} texts have no label"));
    }
    let names = labels.class_names().iter().zip(labels.class_counts());
    let absent: Vec<&String> =
        names.filter(|(_, count)| *count == 0).map(|(name, _)| name).collect();
    if !absent.is_empty() {
        notes.push(format!("no text has the label {}", list(absent)));
    }
    Ok((labels, notes))
}

/// A column for each class.
fn of_flags(
    columns: &[Cells],
    class_names: Option<&[String]>,
    source: &Source,
) -> Result<MultiLabels> {
    if let Some(names) = class_names {
        let remedy = "the columns name the classes, in their order: leave it None";
        return Err(Error::argument("class_names", list(names), remedy));
    }
    let texts = columns.first().map_or(0, |column| column.cells.len());
    let mut rows = vec![Vec::with_capacity(columns.len()); texts];
    for column in columns {
        for (at, (row, cell)) in rows.iter_mut().zip(&column.cells).enumerate() {
            let found = match cell {
                Cell::One(value) => flag(value).ok_or_else(|| quote(value)),
                Cell::List(_) => Err("a list".to_owned()),
            };
            row.push(found.map_err(|found| {
                let (name, lists) = (quote(column.name), source.lists);
                let fault = "the column of a class has 0 or 1 (false or true) for each text";
                (source.refuse)(at, format!("column {name} holds {found}: {fault}; {lists}"))
            })?);
        }
    }
    MultiLabels::new(rows, columns.iter().map(|column| column.name.trim()))
}

fn flag(value: &str) -> Option<bool> {
    match whole(value) {
        Some(0) => Some(false),
        Some(1) => Some(true),
        _ if value.eq_ignore_ascii_case("true") => Some(true),
        _ if value.eq_ignore_ascii_case("false") => Some(false),
        _ => None,
    }
}

/// A column of lists: of names, or of 0 and 1 for each class.
fn of_lists(
    column: &Cells,
    class_names: Option<&[String]>,
    source: &Source,
) -> Result<(MultiLabels, Option<String>)> {
    let mut lists = Vec::with_capacity(column.cells.len());
    for (at, cell) in column.cells.iter().enumerate() {
        match cell {
            Cell::List(names) => lists.push(names),
            Cell::One(value) => {
                let (name, value) = (quote(column.name), quote(value));
                let fault = format!("column {name} holds {value}, and lists in other rows");
                return Err((source.refuse)(at, format!("{fault}: make it a list, too")));
            }
        }
    }
    if let Some(rows) = many_hot(&lists) {
        let numbered = || super::numbered(rows[0].len());
        let names = class_names.map_or_else(numbered, <[String]>::to_vec);
        let note = format!("labels: lists of 0 and 1, one for each of {} classes", rows[0].len());
        return Ok((MultiLabels::new(rows, names)?, Some(note)));
    }
    if let Some((row, fault)) = odd_among_flags(&lists) {
        return Err((source.refuse)(row, format!("column {}: {fault}", quote(column.name))));
    }
    let row_of: Vec<usize> =
        lists.iter().enumerate().flat_map(|(row, names)| vec![row; names.len()]).collect();
    let flat: Vec<String> = lists.into_iter().flatten().cloned().collect();
    let refuse = |at: usize, fault| (source.refuse)(row_of[at], fault);
    let found = match class_names {
        _ if flat.is_empty() => {
            let name = quote(column.name);
            let message = format!("no text has a label in column {name}: is it the right one?");
            return Err(Error::Data(message));
        }
        Some(names) => classes::by_names(&flat, names, refuse)?,
        None => classes::number(&flat, refuse)?,
    };
    let mut rows = vec![vec![false; found.names.len()]; column.cells.len()];
    for (&row, &class) in row_of.iter().zip(&found.labels) {
        rows[row][class as usize] = true;
    }
    Ok((MultiLabels::new(rows, found.names)?, found.note))
}

/// What is wrong with a list among others that hold 0 or 1 for each class: one of these twice is
/// nothing that names of classes would be.
fn odd_among_flags(lists: &[&Vec<String>]) -> Option<(usize, String)> {
    let is_of_flags = |list: &&&Vec<String>| {
        let flags: Option<Vec<bool>> = list.iter().map(|value| flag(value)).collect();
        flags.is_some_and(|flags| (1..flags.len()).any(|at| flags[..at].contains(&flags[at])))
    };
    let classes = lists.iter().find(is_of_flags)?.len();
    let rule = format!("another list has 0 or 1 for each of {classes} classes");
    lists.iter().enumerate().find_map(|(row, list)| {
        if let Some(value) = list.iter().find(|value| flag(value).is_none()) {
            return Some((row, format!("{} in a list, while {rule}: correct it", quote(value))));
        }
        let remedy = "give each as many, 0 for a class that the text does not have";
        let fault = format!("a list of {} values, while {rule}: {remedy}", list.len());
        (list.len() != classes).then_some((row, fault))
    })
}

/// Lists of one length that hold 0 and 1 alone. Numbers of classes would not be so.
fn many_hot(lists: &[&Vec<String>]) -> Option<Vec<Vec<bool>>> {
    let classes = lists.first().map_or(0, |first| first.len());
    let row = |list: &&Vec<String>| list.iter().map(|value| flag(value)).collect::<Option<_>>();
    let is_uniform = classes > 1 && lists.iter().all(|list| list.len() == classes);
    is_uniform.then(|| lists.iter().map(row).collect())?
}
