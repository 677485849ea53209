//! Controls that a class can move, as `jupyterlab_widgets` shows them and under the names of ipywidgets:
//! sliders, a dropdown, a checkbox, a field for text, a button.
//!
//! ```
//! use unit8::FloatLogSlider;
//! let learning_rate = FloatLogSlider::new("learning rate", 1e-4..=1.0, 0.01)?;
//! learning_rate.evcxr_display(); // in a notebook: a cell that ends with `learning_rate`
//! assert_eq!(learning_rate.value(), 0.01);
//! # Ok::<(), unit8::Error>(())
//! ```
//!
//! `.value()` gives the newest value, in a later cell as well as in the middle of a running one and in any
//! thread: the values lie beside the cells, in the kernel. A clone is the same widget. It leaves the page
//! with its last handle; one that a cell has shown stays until that cell is run again.
//!
//! Without a page that can move it, a widget keeps its first value, and says so.

mod choice;
mod keep;
mod link;
mod number;
mod stop;
mod widget;

pub use choice::{Button, Checkbox, Dropdown, Text};
pub(crate) use keep::{Cell, keep};
pub(crate) use link::{changes, wait_for_change};
pub use number::{FloatLogSlider, FloatSlider, IntSlider};
pub(crate) use stop::StopButton;
pub(crate) use widget::{Figure, column};
pub use widget::{State, Widget};

/// What [`explore`](crate::explore()) moves with: a control, `&control`, or a tuple of them.
pub trait Controls {
    /// What the closure is called with: the value, or a tuple of values.
    type Values: 'static;

    #[doc(hidden)]
    fn widgets(&self) -> Vec<Widget>;

    #[doc(hidden)]
    fn read(states: &mut dyn Iterator<Item = State>) -> Option<Self::Values>;
}

impl<C: Controls> Controls for &C {
    type Values = C::Values;

    fn widgets(&self) -> Vec<Widget> {
        (**self).widgets()
    }

    fn read(states: &mut dyn Iterator<Item = State>) -> Option<C::Values> {
        C::read(states)
    }
}

macro_rules! controls_of {
    ($($name:ident)*) => {
        impl<$($name: Controls),*> Controls for ($($name,)*) {
            type Values = ($($name::Values,)*);

            #[allow(non_snake_case)] // a type's name is that of its value
            fn widgets(&self) -> Vec<Widget> {
                let ($($name,)*) = self;
                [$($name.widgets()),*].concat()
            }

            fn read(states: &mut dyn Iterator<Item = State>) -> Option<Self::Values> {
                Some(($($name::read(states)?,)*))
            }
        }
    };
}
controls_of!(A);
controls_of!(A B);
controls_of!(A B C);
controls_of!(A B C D);
controls_of!(A B C D E);
controls_of!(A B C D E F);

/// A widget's handle: what all kinds have in common.
macro_rules! handle {
    ($name:ident, $value:ty) => {
        impl $name {
            /// What the notebook calls for the value of a cell's last line.
            pub fn evcxr_display(&self) {
                self.0.show();
                $crate::widgets::keep(self.clone());
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0.state().text())
            }
        }

        impl $crate::widgets::Controls for $name {
            type Values = $value;

            fn widgets(&self) -> Vec<$crate::widgets::Widget> {
                vec![self.0.clone()]
            }

            fn read(states: &mut dyn Iterator<Item = $crate::widgets::State>) -> Option<$value> {
                states.next().map(|state| $name::of(&state))
            }
        }
    };
}
use handle;

#[cfg(test)]
mod tests;
