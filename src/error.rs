//! The one error type of the library.

use std::path::PathBuf;

/// What can go wrong. Each message names the value and the remedy.
///
/// A cell that ends with `?` shows an error by its `Debug` form, so that form is the message, too.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file could not be read or written.
    #[error("{}: {message}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What happened, and what to do.
        message: String,
    },
    /// An argument or a setting that can't be used.
    #[error("{name} = {value}: {remedy}")]
    Argument {
        /// The name of the argument or the field.
        name: &'static str,
        /// Its value.
        value: String,
        /// What would be right.
        remedy: String,
    },
    /// Data that can't be used: no rows, a missing column, shapes that don't fit.
    #[error("{0}")]
    Data(String),
    /// Something that a server doesn't have or doesn't give.
    #[error("{url}: {message}")]
    Download {
        /// The address.
        url: String,
        /// What happened, and what to do.
        message: String,
    },
    /// A server that can't be reached: no network, no answer, or something in between that answers
    /// in its place. Nothing is wrong with what was asked for.
    #[error("{url}: {message}")]
    Network {
        /// The address.
        url: String,
        /// What happened, and what to do.
        message: String,
    },
    /// A failed call of libtorch: the first line of its message, without the C++ stack.
    #[error("libtorch: {0}")]
    Torch(String),
    /// The memory of the device is too small.
    #[error(
        "out of memory: take a smaller batch_size (accumulation_steps keeps the step the same), a \
         smaller max_length, or precision: Precision::Bf16 ({0})"
    )]
    Memory(String),
    /// Jupyter's stop button ended something that has no result yet.
    #[error("{0} was stopped: run the cell again")]
    Stopped(String),
}

/// The result of everything in this library that can fail.
pub type Result<T> = std::result::Result<T, Error>;

impl std::fmt::Debug for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{self}")
    }
}

impl Error {
    pub(crate) fn argument(
        name: &'static str,
        value: impl std::fmt::Display,
        remedy: impl Into<String>,
    ) -> Error {
        Error::Argument { name, value: value.to_string(), remedy: remedy.into() }
    }

    /// A failed call of libtorch, by its message.
    pub(crate) fn torch(message: String) -> Error {
        let full = ["out of memory", "can't allocate memory", "not enough memory"];
        if full.iter().any(|words| message.contains(words)) {
            // Of a graphics card, half a page on libtorch's settings follows.
            let said = message.split(" Including non-PyTorch memory").next().unwrap_or_default();
            return Error::Memory(said.to_owned());
        }
        Error::Torch(message)
    }

    pub(crate) fn file(path: impl Into<PathBuf>, message: impl std::fmt::Display) -> Error {
        Error::File { path: path.into(), message: message.to_string() }
    }
}

impl From<tch::TchError> for Error {
    fn from(error: tch::TchError) -> Error {
        Error::torch(first_line(&error.to_string()))
    }
}

impl From<polars::error::PolarsError> for Error {
    fn from(error: polars::error::PolarsError) -> Error {
        Error::Data(error.to_string())
    }
}

/// libtorch appends some thirty lines of C++ stack to a message.
pub(crate) fn first_line(message: &str) -> String {
    let message = message.strip_prefix("Internal torch error: ").unwrap_or(message);
    let line = message.lines().find(|line| !line.trim().is_empty()).unwrap_or(message);
    line.split("Exception raised from").next().unwrap_or(line).trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use tch::Tensor;

    #[test]
    fn torch_errors_are_one_line() {
        let wrong = Tensor::from_slice(&[1.0, 2.0]).f_matmul(&Tensor::from_slice(&[1.0]));
        let message = format!("{:?}", Error::from(wrong.unwrap_err()));
        assert!(message.starts_with("libtorch: "), "{message}");
        assert!(message.contains("size"), "{message}");
        assert_eq!(message.lines().count(), 1, "{message}");
        assert!(!message.contains(".cpp"), "{message}");
    }
}
