//! Showing things in a notebook.

mod bar;
mod live;
mod notebook;
mod table;

pub(crate) use bar::{Bar, Pace, bar, seconds};
pub use live::Live;
pub(crate) use notebook::{can_redraw, is_notebook};
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

    /// What is shown instead of it in a terminal.
    pub fn with_text(self, text: impl Into<String>) -> Html {
        Html { text: text.into(), ..self }
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
        let lines: Vec<String> = self.lines().map(escape).collect();
        Html::new(format!("<pre>{}</pre>", lines.join("\n"))).with_text(self)
    }
}

impl Show for String {
    fn to_html(&self) -> Html {
        self.as_str().to_html()
    }
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
}
