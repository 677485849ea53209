use super::*;
use crate::error::Result;

fn said<T>(made: Result<T>) -> String {
    made.err().map(|error| error.to_string()).unwrap_or_default()
}

#[test]
fn a_widget_without_a_notebook_has_its_first_value_or_the_one_that_is_set() -> Result<()> {
    let (epochs, dropout) =
        (IntSlider::new("epochs", 1..=10, 3)?, FloatSlider::new("dropout", 0.0..=0.5, 0.1)?);
    let rate = FloatLogSlider::new("learning rate", 1e-5..=0.1, 1e-3)?;
    let optimizer = Dropdown::new("optimizer", ["SGD", "Adam"])?;
    let (frozen, text, again) = (
        Checkbox::new("frozen", true)?,
        Text::new("text", "a \"b\"\u{1b}")?,
        Button::new("again")?,
    );
    assert_eq!((epochs.value(), dropout.value(), rate.value()), (3, 0.1, 1e-3));
    assert_eq!((optimizer.value(), frozen.value(), again.value()), ("SGD".to_owned(), true, 0));
    assert_eq!(
        format!("{epochs:?} {rate:?} {optimizer:?} {frozen:?} {text:?}"),
        "epochs = 3 learning rate = 0.001 optimizer = SGD frozen = on text = \"a \\\"b\\\"\\u001b\""
    );
    epochs.clone().set_value(10)?;
    rate.set_value(0.1)?;
    optimizer.set_value("Adam")?;
    text.set_value("other")?;
    frozen.set_value(false);
    let values = (epochs.value(), rate.value(), optimizer.value(), text.value(), frozen.value());
    assert_eq!(values, (10, 0.1, "Adam".to_owned(), "other".to_owned(), false));
    Ok(())
}

#[test]
fn what_cannot_be_right_is_said_with_the_remedy() -> Result<()> {
    let last = 10;
    assert_eq!(
        said(IntSlider::new("n", last..=1, 5)),
        "range = 10..=1: the first number is to be below the last one, as in 1..=10"
    );
    assert_eq!(said(IntSlider::new("n", 1..=10, 11)), "value = 11: take a number from 1 to 10");
    assert!(said(IntSlider::new("n", 0..=i64::MAX, 1)).contains("2^53"));
    assert!(said(FloatSlider::new("x", 0.0..=f64::NAN, 1.0)).contains("finite numbers"));
    assert!(said(FloatSlider::new("x", f64::MIN..=f64::MAX, 1.0)).contains("finite numbers"));
    assert!(said(FloatSlider::new("x", 0.0..=1.0, f64::NAN)).contains("value = NaN"));
    assert!(said(FloatLogSlider::new("x", 0.0..=1.0, 0.5)).contains("begins above 0"));
    assert!(said(FloatLogSlider::new("x", f64::NAN..=1.0, 0.5)).contains("finite numbers"));
    assert!(said(Dropdown::new("x", Vec::<String>::new())).contains("at least one"));
    assert_eq!(said(Dropdown::new("x", ["a", "b", "a"])), "options = a: name each one once");
    assert!(said(Text::new("x", "y".repeat(100_000))).contains("100002 bytes"));
    let slider = FloatSlider::new("x", 0.0..=1.0, 0.5)?;
    assert!(said(slider.set_value(1.5)).contains("from 0 to 1"));
    assert!(said(Dropdown::new("x", ["a", "b"])?.set_value("c")).contains("one of a, b"));
    assert_eq!(slider.value(), 0.5);
    Ok(())
}

#[test]
fn values_of_a_tuple_are_read_in_its_order() -> Result<()> {
    let (n, x) =
        (IntSlider::new("n\u{1b}[31m", 1..=10, 3)?, FloatSlider::new("x", 0.0..=1.0, 0.5)?);
    let controls = (&n, (x, Checkbox::new("<b>", true)?));
    let states: Vec<State> = controls.widgets().iter().map(Widget::state).collect();
    let texts: Vec<String> = states.iter().map(State::text).collect();
    assert_eq!(texts, ["n [31m = 3", "x = 0.5", "<b> = on"]);
    let read = |_: &(&IntSlider, (FloatSlider, Checkbox)), states: Vec<State>| {
        <(&IntSlider, (FloatSlider, Checkbox))>::read(&mut states.into_iter())
    };
    assert_eq!(read(&controls, states.clone()), Some((3, (0.5, true))));
    assert_eq!(read(&controls, states[..2].to_vec()), None);
    Ok(())
}
