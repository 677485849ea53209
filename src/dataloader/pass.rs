//! One pass over a data set without gradients.

use super::{Dataset, order};
use crate::error::{Error, Result};
use crate::interrupt::Interrupt;
use tch::{Device, Tensor};

/// How a data set is passed over.
pub struct Pass<'a> {
    pub device: Device,
    /// The stop button.
    pub interrupt: &'a Interrupt,
    /// What it is, for messages.
    pub what: &'static str,
}

impl Pass<'_> {
    /// What `calculate` says about the rows, batch by batch: in the order of the rows, on the CPU,
    /// shape (rows, ...). `progress` is told the share that is done.
    pub fn over<D: Dataset>(
        &self,
        data: &D,
        progress: &mut dyn FnMut(f64),
        mut calculate: impl FnMut(&D::Batch, usize) -> Result<Tensor>,
    ) -> Result<Tensor> {
        let what = self.what;
        let _no_grad = tch::no_grad_guard();
        let work = |rows: &[usize]| -> usize {
            rows.iter().map(|&row| data.length_of(row).unwrap_or(1)).sum()
        };
        let batches = order::once(data);
        let all: usize = batches.iter().map(|rows| work(rows)).sum();
        let (mut done, mut parts) = (0, Vec::new());
        let mut order = Vec::with_capacity(data.len());
        for rows in batches {
            if self.interrupt.happened() {
                return Err(Error::Stopped(what.to_owned()));
            }
            let result = calculate(&data.gather(&rows, self.device)?, rows.len())?;
            parts.push(result.f_to_device(Device::Cpu)?);
            done += work(&rows);
            order.extend(rows.into_iter().map(|row| row as i64));
            progress(done as f64 / all.max(1) as f64);
        }
        if parts.is_empty() {
            let message = format!("{what} needs at least one example, and there is none");
            return Err(Error::Data(message));
        }
        let place_of_row = Tensor::f_from_slice(&order)?.f_argsort(0, false)?;
        Ok(Tensor::f_cat(&parts, 0)?.f_index_select(0, &place_of_row)?)
    }
}
