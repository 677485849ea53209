//! Failures: one line (or a few) for the user that name the remedy.

/// The result of what can fail.
pub type Result<T> = std::result::Result<T, String>;

/// Says what was being tried, in front of what went wrong.
pub trait Context<T> {
    /// Puts the words before the error.
    fn context(self, what: impl Into<String>) -> Result<T>;
}

impl<T, E: std::fmt::Display> Context<T> for std::result::Result<T, E> {
    fn context(self, what: impl Into<String>) -> Result<T> {
        self.map_err(|error| format!("{}: {error}", what.into()))
    }
}

impl<T> Context<T> for Option<T> {
    fn context(self, what: impl Into<String>) -> Result<T> {
        self.ok_or_else(|| what.into())
    }
}
