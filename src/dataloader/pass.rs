//! One pass over a data set without gradients.

use super::{Dataset, order};
use crate::error::{Error, Result};
use crate::interrupt::Interrupt;
use crate::progress::Pace;
use tch::{Device, Tensor};

/// What `calculate` says about the rows, batch by batch: in the order of the rows, on the CPU, shape
/// (rows, ...). Tells how far it is, and listens to the stop button; `what` names it.
pub fn pass<D: Dataset>(
    data: &D,
    device: Device,
    interrupt: &Interrupt,
    what: &'static str,
    mut calculate: impl FnMut(&D::Batch, usize) -> Result<Tensor>,
) -> Result<Tensor> {
    let _no_grad = tch::no_grad_guard();
    let work = |rows: &[usize]| -> usize {
        rows.iter().map(|&row| data.length_of(row).unwrap_or(1)).sum()
    };
    let batches = order::once(data);
    let all: usize = batches.iter().map(|rows| work(rows)).sum();
    let (mut done, mut pace) = (0, Pace::start_of_part());
    let (mut parts, mut order) = (Vec::new(), Vec::with_capacity(data.len()));
    for rows in batches {
        if interrupt.happened() {
            return Err(Error::Stopped(what.to_owned()));
        }
        let result = calculate(&data.gather(&rows, device)?, rows.len())?;
        parts.push(result.f_to_device(Device::Cpu)?);
        done += work(&rows);
        order.extend(rows.into_iter().map(|row| row as i64));
        let share = done as f64 / all.max(1) as f64;
        if pace.line_is_due(share) {
            println!("{what} | {:3.0} % | {:.0} s left", 100.0 * share, pace.seconds_left(share));
        }
    }
    if parts.is_empty() {
        return Err(Error::Data(format!("{what} needs at least one example, and there is none")));
    }
    let place_of_row = Tensor::f_from_slice(&order)?.f_argsort(0, false)?;
    Ok(Tensor::f_cat(&parts, 0)?.f_index_select(0, &place_of_row)?)
}
