//! A stop button below what runs.

use super::keep::Cell;
use super::widget::{Limits, Model, Widget};
use crate::display::Place;
use serde_json::json;

/// Stops the training above it as Jupyter's stop button does, and nothing else; it leaves the page when
/// this is dropped.
pub struct StopButton {
    place: Place,
    _button: Widget,
}

impl StopButton {
    /// None where there is no page on which it could be pressed.
    pub fn show() -> Option<StopButton> {
        Cell::running().filter(|cell| cell.pages > 0)?;
        let button = Model {
            kind: "Button",
            description: "Stop",
            value: ("clicks", 0.into()),
            limits: Limits::Any,
            // The kernel looks for `stops`.
            state: json!({
                "icon": "stop", "button_style": "", "stops": true,
                "tooltip": "ends the training after this step, and keeps what is learned",
            }),
        };
        let button = button.open().ok()?;
        let place = Place::show_widget(button.id()?)?;
        Some(StopButton { place, _button: button })
    }
}

impl Drop for StopButton {
    fn drop(&mut self) {
        self.place.clear();
    }
}
