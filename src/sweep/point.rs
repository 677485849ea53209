//! One choice of hyperparameters.

use crate::display::thousands;
use crate::error::{Error, Result};
use crate::random;
use crate::runs::value::{same, written};
use crate::runs::{Run, SEED, get};
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

/// More trainings than this are none that anybody waits for.
pub const MOST_POINTS: usize = 10_000;

/// What a hyperparameter can be.
#[derive(Clone, Debug, PartialEq)]
pub enum Choice {
    Values(Vec<Value>),
    /// Why its values can't be kept.
    Refused(String),
    Between(f64, f64),
    LogBetween(f64, f64),
}

/// One choice of hyperparameters and a seed, for the closure of [`Sweep::run`](super::Sweep::run).
#[derive(Clone, Debug)]
pub struct Point {
    /// In the order of the sweep.
    names: Vec<String>,
    values: BTreeMap<String, Value>,
    seed: u32,
    asked: RefCell<Asked>,
}

/// What a closure has asked for.
#[derive(Clone, Debug, Default)]
struct Asked {
    names: BTreeSet<String>,
    /// What it could not have.
    refused: Option<(String, String)>,
}

impl Point {
    /// The value of a hyperparameter, as what the place needs that it is for:
    /// `learning_rate: point.get("learning_rate")?`.
    ///
    /// # Errors
    /// [`Error::Argument`] if there is none of this name, or if it is of another type. The sweep then
    /// ends.
    pub fn get<T: DeserializeOwned>(&self, name: &str) -> Result<T> {
        let value = get(&self.values, name);
        let mut asked = self.asked.borrow_mut();
        asked.names.insert(name.to_owned());
        if let Err(Error::Argument { value, remedy, .. }) = &value {
            asked.refused = Some((value.clone(), remedy.clone()));
        }
        value
    }

    /// The seed, from 1. The sweep gives it to libtorch and to the trainer.
    pub fn seed(&self) -> u32 {
        self.seed
    }

    /// `learning_rate 0.001, batch_size 16, seed 1`
    pub fn name(&self) -> String {
        let value = |name: &String| format!("{name} {}", written(&self.values[name]));
        let mut parts: Vec<String> = self.names.iter().map(value).collect();
        parts.push(format!("{SEED} {}", self.seed));
        parts.join(", ")
    }

    /// A run of these hyperparameters that is to come.
    pub(super) fn run(&self) -> Run {
        let run = Run::new(self.name()).with(SEED, self.seed);
        self.values.iter().fold(run, |run, (name, value)| run.with(name.as_str(), value))
    }

    /// # Errors
    /// [`Error::Argument`] if a closure has asked for what there is not, or, if it has come to its end,
    /// has not asked for all that there is.
    pub(super) fn check_asked(&self, to_the_end: bool) -> Result<()> {
        let asked = self.asked.borrow();
        if let Some((value, remedy)) = &asked.refused {
            return Err(Error::argument("hyperparameter", value, remedy.as_str()));
        }
        match self.names.iter().find(|name| to_the_end && !asked.names.contains(*name)) {
            None => Ok(()),
            Some(name) => {
                let remedy = format!(
                    "it is swept, but the closure doesn't use it: write point.get({name:?})? where it \
                     belongs, \
                     before a branch that not every point takes"
                );
                Err(Error::argument("hyperparameter", format!("{name:?}"), remedy))
            }
        }
    }
}

/// All choices with each seed.
pub fn all(
    parameters: &[(String, Choice)],
    random: Option<(usize, u32)>,
    seeds: usize,
) -> Result<Vec<Point>> {
    check(parameters, random, seeds)?;
    let count = match random {
        Some((trials, _)) => trials,
        None => parameters.iter().fold(1_usize, |count, (_, choice)| match choice {
            Choice::Values(values) => count.saturating_mul(values.len()),
            _ => count,
        }),
    };
    let all = count.saturating_mul(seeds);
    if all > MOST_POINTS {
        let remedy = format!("take at most {}", thousands(MOST_POINTS));
        return Err(Error::argument("the number of trainings", thousands(all), remedy));
    }
    let mut choices: Vec<Vec<Value>> = (0..count)
        .map(|number| match random {
            Some((_, seed)) => at_random(parameters, seed, number),
            None => of_grid(parameters, number),
        })
        .collect();
    // At random the same may be chosen twice.
    let mut seen = BTreeSet::new();
    choices.retain(|choice| seen.insert(Value::from(choice.clone()).to_string()));
    let names: Vec<String> = parameters.iter().map(|(name, _)| name.clone()).collect();
    let point = |seed: u32, choice: &Vec<Value>| Point {
        names: names.clone(),
        values: names.iter().cloned().zip(choice.iter().cloned()).collect(),
        seed,
        asked: RefCell::default(),
    };
    let seeds = 1..=u32::try_from(seeds).unwrap_or(u32::MAX);
    Ok(seeds
        .flat_map(|seed| choices.iter().map(move |choice| (seed, choice)))
        .map(|(seed, choice)| point(seed, choice))
        .collect())
}

fn check(
    parameters: &[(String, Choice)],
    random: Option<(usize, u32)>,
    seeds: usize,
) -> Result<()> {
    if parameters.is_empty() {
        let remedy = "name one by over(\"learning_rate\", [1e-4, 1e-3])";
        return Err(Error::argument("hyperparameters", "none", remedy));
    }
    for (name, count) in [("seeds", seeds), ("trials", random.map_or(1, |(trials, _)| trials))] {
        if count == 0 {
            return Err(Error::argument(name, 0, "take 1 or more"));
        }
    }
    for (place, (name, choice)) in parameters.iter().enumerate() {
        let refused = |remedy: &str| {
            let value = match choice {
                Choice::Values(_) | Choice::Refused(_) => format!("{name:?}"),
                Choice::Between(low, high) | Choice::LogBetween(low, high) => {
                    format!("{name:?} between {low} and {high}")
                }
            };
            Err(Error::argument("hyperparameter", value, remedy))
        };
        if name == SEED {
            return refused("seeds(3) takes the seeds 1, 2 and 3");
        }
        if name.trim().is_empty() {
            return refused("it needs a name");
        }
        if parameters[..place].iter().any(|(other, _)| other == name) {
            return refused("it is named twice: give it all its values at once");
        }
        match choice {
            Choice::Refused(error) => {
                return refused(&format!("a record can't hold its values ({error})"));
            }
            Choice::Values(values) if values.is_empty() => return refused("it has no values"),
            Choice::Values(values) if values.len() > MOST_POINTS => {
                let most = thousands(MOST_POINTS);
                return refused(&format!("it has more than {most} values: take fewer"));
            }
            Choice::Values(values) => {
                let twice =
                    |at: &usize| values[..*at].iter().any(|other| same(other, &values[*at]));
                if let Some(at) = (0..values.len()).find(twice) {
                    return refused(&format!("it has {} twice", written(&values[at])));
                }
            }
            _ if random.is_none() => {
                return refused("a grid needs values, over(name, [...]); or take Sweep::random");
            }
            Choice::Between(low, high) | Choice::LogBetween(low, high)
                if !(low.is_finite() && high.is_finite() && low < high) =>
            {
                return refused("take two numbers, the smaller one first");
            }
            Choice::LogBetween(low, _) if *low <= 0.0 => {
                return refused("only numbers above 0 have a logarithm");
            }
            _ => {}
        }
    }
    Ok(())
}

/// The last hyperparameter changes fastest.
fn of_grid(parameters: &[(String, Choice)], number: usize) -> Vec<Value> {
    let mut rest = number;
    let mut choice: Vec<Value> = parameters
        .iter()
        .rev()
        .map(|(_, choice)| match choice {
            Choice::Values(values) => {
                let value = values[rest % values.len()].clone();
                rest /= values.len();
                value
            }
            _ => Value::Null,
        })
        .collect();
    choice.reverse();
    choice
}

fn at_random(parameters: &[(String, Choice)], seed: u32, number: usize) -> Vec<Value> {
    let mut state = u64::from(seed) << 32 | number as u64;
    // Neighbours have nothing in common.
    state = random::next(&mut state);
    let mut share = || (random::next(&mut state) >> 11) as f64 / (1_u64 << 53) as f64; // 0 to below 1
    let choose = |(_, choice): &(String, Choice)| match choice {
        Choice::Values(values) => values[(share() * values.len() as f64) as usize].clone(),
        Choice::Refused(_) => Value::Null,
        Choice::Between(low, high) => rounded(low + share() * (high - low), (*low, *high)).into(),
        Choice::LogBetween(low, high) => {
            let number = (low.ln() + share() * (high.ln() - low.ln())).exp();
            rounded(number, (*low, *high)).into()
        }
    };
    parameters.iter().map(choose).collect()
}

/// Four digits of a number, so that it can be read and written down.
fn rounded(number: f64, (low, high): (f64, f64)) -> f64 {
    format!("{number:.3e}").parse().unwrap_or(number).clamp(low, high)
}
