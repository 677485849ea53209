//! Counts, or weights, in compressed sparse rows.

use crate::display::{Html, Show, table, thousands};
use crate::error::{Error, Result};
use std::ops::Range;

/// A sparse matrix of shape (documents, terms): what [`CountVectorizer`](super::CountVectorizer)
/// counts and what [`TfidfTransformer`](super::TfidfTransformer) makes of it.
///
/// It is kept in compressed sparse rows, as SciPy's `csr_array`: the cells of row `i` are those
/// from `indptr[i]` to `indptr[i + 1]`, sorted by column. A review has some hundred different terms
/// out of ten thousands, so this takes about a hundredth of the memory of a dense matrix.
#[derive(Clone, PartialEq)]
pub struct CountMatrix {
    columns: usize,
    indptr: Vec<usize>,
    indices: Vec<u32>,
    data: Vec<f32>,
}

/// The cells of one row that are not 0.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Row<'a> {
    /// Their columns, ascending.
    pub indices: &'a [u32],
    /// Their values, for the same columns: counts (whole numbers) or TF-IDF weights.
    pub values: &'a [f32],
}

impl CountMatrix {
    /// (rows, columns): the number of documents and the number of terms.
    pub fn shape(&self) -> (usize, usize) {
        (self.indptr.len() - 1, self.columns)
    }

    /// The number of cells that are kept.
    pub fn nnz(&self) -> usize {
        self.indices.len()
    }

    /// The cells of row `i`; `None` if there is no such row.
    pub fn row(&self, i: usize) -> Option<Row<'_>> {
        let cells = *self.indptr.get(i)?..*self.indptr.get(i + 1)?;
        Some(Row { indices: &self.indices[cells.clone()], values: &self.data[cells] })
    }

    /// All rows, in order.
    pub fn rows(&self) -> impl ExactSizeIterator<Item = Row<'_>> {
        self.indptr.windows(2).map(|ends| {
            let cells = ends[0]..ends[1];
            Row { indices: &self.indices[cells.clone()], values: &self.data[cells] }
        })
    }

    /// Where each row begins in [`indices`](Self::indices) and [`data`](Self::data), and at last
    /// where the last one ends: rows + 1 numbers.
    pub fn indptr(&self) -> &[usize] {
        &self.indptr
    }

    /// The column of each cell.
    pub fn indices(&self) -> &[u32] {
        &self.indices
    }

    /// The value of each cell. Counts are exact up to 2^24.
    pub fn data(&self) -> &[f32] {
        &self.data
    }

    /// The rows with these numbers, in this order: a split or a batch. Shape (`rows.len()`,
    /// columns).
    ///
    /// # Errors
    ///
    /// If there is no row with one of the numbers.
    pub fn select_rows(&self, rows: &[usize]) -> Result<CountMatrix> {
        let mut selected = CountMatrix::empty(self.columns);
        let cells = rows.iter().filter_map(|&i| self.row(i)).map(|row| row.indices.len()).sum();
        selected.reserve(rows.len(), cells);
        for &i in rows {
            let row = self.row(i).ok_or_else(|| {
                let count = self.shape().0;
                Error::argument("rows", i, format!("there are {count} rows, numbered from 0"))
            })?;
            selected.indices.extend_from_slice(row.indices);
            selected.data.extend_from_slice(row.values);
            selected.indptr.push(selected.indices.len());
        }
        Ok(selected)
    }

    /// How many terms each count has in row `i`: element 0 counts the terms that do not occur,
    /// element 1 those that occur once, and so on. As NumPy's `bincount` of the dense row.
    ///
    /// # Errors
    ///
    /// If there is no such row, or if its values are weights instead of counts.
    pub fn bincount(&self, i: usize) -> Result<Vec<usize>> {
        let row = self.row(i).ok_or_else(|| {
            let remedy = format!("there are {} rows, numbered from 0", self.shape().0);
            Error::argument("i", i, remedy)
        })?;
        if let Some(weight) = row.values.iter().find(|value| value.fract() != 0.0) {
            return Err(Error::Data(format!("{weight} is no count: take the matrix of counts")));
        }
        let most = row.values.iter().fold(0.0, |most: f32, value| most.max(*value));
        let mut bins = vec![0; most as usize + 1];
        bins[0] = self.columns - row.values.len();
        for value in row.values {
            bins[*value as usize] += 1;
        }
        Ok(bins)
    }

    /// Shows shape, stored cells and memory in the notebook.
    pub fn evcxr_display(&self) {
        self.to_html().evcxr_display();
    }

    /// The sum of each column: how often each term occurs in all documents.
    pub fn column_sums(&self) -> Vec<f64> {
        let mut sums = vec![0.0; self.columns];
        for (&column, &value) in self.indices.iter().zip(&self.data) {
            sums[column as usize] += f64::from(value);
        }
        sums
    }

    /// Row `i` as often as there are ranges, each time without the cells of one of them.
    pub(crate) fn row_without(
        &self,
        i: usize,
        ranges: impl Iterator<Item = Range<usize>>,
    ) -> CountMatrix {
        let mut rows = CountMatrix::empty(self.columns);
        for range in ranges {
            let cells = self.row(i).into_iter().flat_map(|row| row.indices.iter().zip(row.values));
            let left = cells.enumerate().filter(|(place, _)| !range.contains(place));
            rows.push_row(left.map(|(_, (&column, &value))| (column, value)));
        }
        rows
    }

    /// The number of cells that each column keeps: in how many documents each term occurs.
    pub(super) fn document_frequencies(&self) -> Vec<u32> {
        let mut frequencies = vec![0; self.columns];
        for &column in &self.indices {
            frequencies[column as usize] += 1;
        }
        frequencies
    }

    /// The memory that the cells take, in bytes.
    pub fn memory_bytes(&self) -> usize {
        size_of_val(&*self.indptr) + size_of_val(&*self.indices) + size_of_val(&*self.data)
    }

    /// A matrix without rows.
    pub(super) fn empty(columns: usize) -> CountMatrix {
        CountMatrix { columns, indptr: vec![0], indices: Vec::new(), data: Vec::new() }
    }

    /// Takes the memory for so many rows and cells at once.
    pub(super) fn reserve(&mut self, rows: usize, cells: usize) {
        self.indptr.reserve(rows);
        self.indices.reserve(cells);
        self.data.reserve(cells);
    }

    /// Adds a row of (column, value), the columns ascending and within the matrix.
    pub(super) fn push_row(&mut self, cells: impl Iterator<Item = (u32, f32)>) {
        for (column, value) in cells {
            self.indices.push(column);
            self.data.push(value);
        }
        self.indptr.push(self.indices.len());
    }

    /// The rows of all parts, in order; each part has so many columns.
    pub(super) fn stacked(parts: Vec<CountMatrix>, columns: usize) -> CountMatrix {
        let rows = parts.iter().map(|part| part.shape().0).sum();
        let cells = parts.iter().map(CountMatrix::nnz).sum();
        let mut stacked = CountMatrix::empty(columns);
        stacked.reserve(rows, cells);
        for part in parts {
            let start = stacked.nnz();
            stacked.indptr.extend(part.indptr.iter().skip(1).map(|end| start + end));
            stacked.indices.extend_from_slice(&part.indices);
            stacked.data.extend_from_slice(&part.data);
        }
        stacked
    }

    /// The same cells with other values, made from (row, columns, values) in place.
    pub(super) fn with_rows_changed(&self, change: impl Fn(&[u32], &mut [f32])) -> CountMatrix {
        let mut changed = self.clone();
        for ends in self.indptr.windows(2) {
            let cells = ends[0]..ends[1];
            change(&self.indices[cells.clone()], &mut changed.data[cells]);
        }
        changed
    }
}

/// Its shape and size: a corpus has millions of cells.
impl std::fmt::Debug for CountMatrix {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CountMatrix")
            .field("shape", &self.shape())
            .field("nnz", &self.nnz())
            .field("memory_bytes", &self.memory_bytes())
            .finish()
    }
}

impl Show for CountMatrix {
    fn to_html(&self) -> Html {
        let (rows, columns) = self.shape();
        let cells = (rows * columns).max(1) as f64;
        let megabytes = |bytes: f64| format!("{:.1} MB", bytes / 1e6);
        let facts = [
            ("rows (texts)", thousands(rows)),
            ("columns (terms)", thousands(columns)),
            ("stored cells", thousands(self.nnz())),
            (
                "stored cells in a row, on average",
                format!("{:.1}", self.nnz() as f64 / rows.max(1) as f64),
            ),
            (
                "share of cells that are stored",
                format!("{:.2} %", 100.0 * self.nnz() as f64 / cells),
            ),
            ("memory", megabytes(self.memory_bytes() as f64)),
            ("memory, if all cells were stored", megabytes(4.0 * cells)),
        ];
        let rows = facts.map(|(name, value)| vec![name.to_owned(), value]);
        table("sparse matrix", &["", "value"], &rows)
    }
}
