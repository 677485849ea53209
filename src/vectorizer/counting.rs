//! Counting the terms of many texts, on all cores.
//!
//! The texts are cut into one part per thread. Each part numbers its terms by itself, in the order
//! in which they appear, so that no thread waits for another; only then are the parts brought
//! together. The result does not depend on how many parts there are.

use rayon::prelude::*;

use super::matrix::CountMatrix;
use super::terms::{Key, Terms};
use super::tokens::{Analyzer, Scratch};
use super::watch::Watch;

/// The column of a term that has none.
pub(super) const NO_COLUMN: u32 = u32::MAX;

/// How often a term occurs in the texts.
#[derive(Clone, Copy, Default)]
pub(super) struct Frequency {
    /// Its occurrences, in all texts together.
    pub(super) total: u64,
    /// The number of texts that it occurs in.
    pub(super) documents: u32,
    /// Its occurrences in the text that is being counted.
    in_row: u32,
}

/// The counts of a part of the texts: (number of the term, count) for each text's distinct terms,
/// in the order in which they appear.
#[derive(Default)]
pub(super) struct Counts {
    cells: Vec<(u32, u32)>,
    row_ends: Vec<usize>,
    frequencies: Vec<Frequency>,
}

/// The counts of all texts and the terms that they are about.
pub(super) struct Corpus {
    pub(super) terms: Terms,
    /// For each term.
    pub(super) frequencies: Vec<Frequency>,
    /// Each part's counts, and the number in `terms` for each number of a term in them.
    parts: Vec<(Counts, Vec<u32>)>,
}

impl Counts {
    /// Counts the terms that `number` gives a number to.
    fn new<T: AsRef<str>>(
        texts: &[T],
        analyzer: &Analyzer,
        watch: &Watch,
        mut number: impl FnMut(Key, &str) -> Option<u32>,
    ) -> Counts {
        let mut counts = Counts::default();
        let mut scratch = Scratch::default();
        for text in texts {
            let row = counts.cells.len();
            analyzer.for_each_term(text.as_ref(), &mut scratch, |key, term| {
                if let Some(id) = number(key, term) {
                    counts.add(id);
                }
            });
            counts.end_row(row, analyzer.binary);
            watch.step();
            if watch.stopped() {
                break;
            }
        }
        counts
    }

    fn add(&mut self, id: u32) {
        let index = id as usize;
        if index >= self.frequencies.len() {
            self.frequencies.resize(index + 1, Frequency::default());
        }
        let frequency = &mut self.frequencies[index];
        if frequency.in_row == 0 {
            self.cells.push((id, 0));
        }
        frequency.in_row += 1;
    }

    fn end_row(&mut self, start: usize, binary: bool) {
        for (id, count) in &mut self.cells[start..] {
            let frequency = &mut self.frequencies[*id as usize];
            *count = if binary { 1 } else { frequency.in_row };
            frequency.total += u64::from(*count);
            frequency.documents += 1;
            frequency.in_row = 0;
        }
        self.row_ends.push(self.cells.len());
    }

    /// The rows as a matrix, `columns[id]` being the column of a term.
    fn matrix(&self, columns: impl Fn(u32) -> u32, width: usize) -> CountMatrix {
        let mut matrix = CountMatrix::empty(width);
        matrix.reserve(self.row_ends.len(), self.cells.len());
        let mut row: Vec<u64> = Vec::new();
        let mut start = 0;
        for &end in &self.row_ends {
            row.clear();
            // Column and count in one word: they are sorted together, by column.
            row.extend(self.cells[start..end].iter().filter_map(|&(id, count)| {
                let column = columns(id);
                (column != NO_COLUMN).then_some(u64::from(column) << 32 | u64::from(count))
            }));
            row.sort_unstable();
            matrix.push_row(row.iter().map(|&cell| ((cell >> 32) as u32, cell as u32 as f32)));
            start = end;
        }
        matrix
    }
}

impl Corpus {
    /// Counts all terms of the texts.
    pub(super) fn new<T: AsRef<str> + Sync>(
        texts: &[T],
        analyzer: &Analyzer,
        watch: &Watch,
    ) -> Corpus {
        let parts: Vec<(Counts, Terms)> = parts(texts, 1)
            .map(|part| {
                let mut terms = Terms::default();
                let number = |key, term: &str| Some(terms.insert(key, term));
                let counts = Counts::new(part, analyzer, watch, number);
                (counts, terms)
            })
            .collect();
        let mut corpus =
            Corpus { terms: Terms::default(), frequencies: Vec::new(), parts: Vec::new() };
        for (counts, terms) in parts {
            corpus.add(counts, terms);
        }
        corpus
    }

    fn add(&mut self, mut counts: Counts, terms: Terms) {
        let frequencies = std::mem::take(&mut counts.frequencies);
        let numbers: Vec<u32>;
        if self.terms.len() == 0 {
            numbers = (0..terms.len() as u32).collect();
            self.frequencies = frequencies;
            self.terms = terms;
        } else {
            numbers = terms.iter().map(|term| self.terms.insert(Key::of(term), term)).collect();
            self.frequencies.resize(self.terms.len(), Frequency::default());
            for (&number, frequency) in numbers.iter().zip(frequencies) {
                let sum = &mut self.frequencies[number as usize];
                sum.total += frequency.total;
                sum.documents += frequency.documents;
            }
        }
        self.parts.push((counts, numbers));
    }

    /// Keeps the terms with the highest totals; of equal ones, those that come first when sorted.
    pub(super) fn keep_most_frequent(&self, ids: &mut Vec<u32>, limit: usize) {
        if limit >= ids.len() {
            return;
        }
        ids.select_nth_unstable_by(limit, |&a, &b| {
            let total = |id: u32| self.frequencies[id as usize].total;
            total(b).cmp(&total(a)).then_with(|| self.terms.term(a).cmp(self.terms.term(b)))
        });
        ids.truncate(limit);
    }

    /// The counts of the terms that have one of the `width` columns; `columns[id]` is the column of
    /// a term.
    pub(super) fn matrix(&self, columns: &[u32], width: usize) -> CountMatrix {
        let parts: Vec<CountMatrix> = self
            .parts
            .par_iter()
            .map(|(counts, numbers)| {
                counts.matrix(|id| columns[numbers[id as usize] as usize], width)
            })
            .collect();
        CountMatrix::stacked(parts, width)
    }
}

/// The counts of the terms of a vocabulary, whose numbers are their columns.
pub(super) fn count<T: AsRef<str> + Sync>(
    texts: &[T],
    analyzer: &Analyzer,
    vocabulary: &Terms,
    watch: &Watch,
) -> CountMatrix {
    let width = vocabulary.len();
    let matrices: Vec<CountMatrix> = parts(texts, 4)
        .map(|part| {
            let number = |key, term: &str| vocabulary.get(key, term);
            let counts = Counts::new(part, analyzer, watch, number);
            counts.matrix(|column| column, width)
        })
        .collect();
    CountMatrix::stacked(matrices, width)
}

/// The texts in about `per_thread` parts for each thread.
fn parts<T: Sync>(texts: &[T], per_thread: usize) -> rayon::slice::Chunks<'_, T> {
    let size = texts.len().div_ceil(rayon::current_num_threads() * per_thread);
    texts.par_chunks(size.max(1))
}
