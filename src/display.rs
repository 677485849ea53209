//! Showing things in a notebook.

mod bar;
mod live;
mod notebook;
mod quiet;
mod safe;
mod table;

pub(crate) use bar::{Bar, Pace, bar, seconds};
pub use live::Live;
pub(crate) use notebook::{
    Place, at_the_end_of_each_cell, can_redraw, is_notebook, kernel_function, print_widget,
};
pub(crate) use quiet::{Growing, growing, grows, is_quiet, quietly, remark};
pub(crate) use safe::{cut, visible};
pub(crate) use table::{Mark, caption, marked_table};
pub use table::{escape, table, thousands};

/// A piece of HTML to be shown, and the text that stands for it where there is no HTML to be seen. As
/// the last line of a cell it appears below it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Html {
    html: String,
    text: String,
}

impl Html {
    /// HTML of one's own, a table or a picture.
    pub fn new(html: impl Into<String>) -> Html {
        Html { html: html.into(), text: "(a picture or a table)".to_owned() }
    }

    /// What is shown instead of it in a terminal: control characters in it are written out.
    pub fn with_text(self, text: impl AsRef<str>) -> Html {
        Html { text: visible(text.as_ref()).into_owned(), ..self }
    }

    /// The HTML.
    pub fn html(&self) -> &str {
        &self.html
    }

    /// The text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What the notebook calls for the value of a cell's last line.
    pub fn evcxr_display(&self) {
        notebook::print(self);
    }
}

/// A longer text is not shown to its end.
const LONGEST: usize = 100_000;

/// What can be shown in a notebook: all that the library gives back, and texts. For a type of your own:
/// `impl Show for MyType`. A [`Live`] calls it from a thread of its own.
#[diagnostic::on_unimplemented(note = "show a number as a text, by format!")]
pub trait Show {
    /// How it looks.
    fn to_html(&self) -> Html;

    /// What the notebook calls for the value of a cell's last line.
    fn evcxr_display(&self) {
        self.to_html().evcxr_display();
    }
}

impl Show for Html {
    fn to_html(&self) -> Html {
        self.clone()
    }
}

impl Show for str {
    fn to_html(&self) -> Html {
        let text = cut(self, LONGEST);
        let lines: Vec<String> = text.lines().map(escape).collect();
        Html::new(format!("<pre>{}</pre>", lines.join("\n"))).with_text(text)
    }
}

impl Show for String {
    fn to_html(&self) -> Html {
        self.as_str().to_html()
    }
}

/// What was found, or in its place what is wrong, in a line.
impl<T: Show, E: std::fmt::Debug> Show for Result<T, E> {
    fn to_html(&self) -> Html {
        match self {
            Ok(thing) => thing.to_html(),
            Err(error) => problem(&format!("{error:?}")),
        }
    }
}

/// What is wrong, in a line.
pub(crate) fn problem(text: &str) -> Html {
    let html = format!("<div style=\"color:#d62728\">{}</div>", escape(text));
    Html::new(html).with_text(text)
}

impl<T: Show + ?Sized> Show for &T {
    fn to_html(&self) -> Html {
        (**self).to_html()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_shown_as_it_is() {
        let shown = "a < b\n  c".to_html();
        assert_eq!((shown.html(), shown.text()), ("<pre>a &lt; b\n  c</pre>", "a < b\n  c"));
    }

    #[test]
    fn an_error_stands_in_the_place_of_the_result() {
        let found: crate::Result<&str> = Ok("a");
        assert_eq!(found.to_html().text(), "a");
        let failed: crate::Result<&str> = Err(crate::Error::Data("no <rows>".to_owned()));
        assert_eq!(failed.to_html().text(), "no <rows>");
        assert!(failed.to_html().html().contains("no &lt;rows&gt;"));
    }
}
