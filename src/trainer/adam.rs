//! Adam (Kingma and Ba 2015, <https://arxiv.org/abs/1412.6980>), and what it remembers.

use super::passes::{CHUNK, numbers};
use crate::error::Result;
use rayon::prelude::*;
use tch::Tensor;

/// Adam's constants, as PyTorch has them.
const BETA: (f64, f64) = (0.9, 0.999);
const EPSILON: f64 = 1e-8;

/// Running means over the gradients of the last steps.
pub struct Memory {
    pub mean: Tensor,
    pub mean_of_squares: Tensor,
}

/// A step of the training.
#[derive(Clone, Copy)]
pub struct Step {
    pub learning_rate: f64,
    /// The first one is 1.
    pub number: i32,
    /// What is left of a parameter before the step: less than 1 with decoupled weight decay.
    pub kept: f64,
}

impl Memory {
    pub fn new(parameter: &Tensor) -> Result<Memory> {
        let _no_grad = tch::no_grad_guard();
        Ok(Memory { mean: parameter.f_zeros_like()?, mean_of_squares: parameter.f_zeros_like()? })
    }

    /// The same memory.
    pub fn shallow_clone(&self) -> Memory {
        Memory {
            mean: self.mean.shallow_clone(),
            mean_of_squares: self.mean_of_squares.shallow_clone(),
        }
    }

    /// Changes a parameter by its gradient.
    pub fn step(&mut self, parameter: &mut Tensor, gradient: &Tensor, step: Step) -> Result<()> {
        let gradient = gradient.f_contiguous()?;
        if let Some(all) = numbers([parameter, &gradient, &self.mean, &self.mean_of_squares]) {
            step_in_one_pass(all, step);
            return Ok(());
        }
        let _ = parameter.f_mul_scalar_(step.kept)?;
        let _ = self.mean.f_lerp_(&gradient, 1.0 - BETA.0)?;
        let _ = self.mean_of_squares.f_lerp_(&gradient.f_square()?, 1.0 - BETA.1)?;
        let (size, spread) = step.corrected();
        let mut spread = self.mean_of_squares.f_sqrt()?.f_mul_scalar(spread)?;
        let _ = spread.f_add_scalar_(EPSILON)?;
        let _ = parameter.f_sub_(&self.mean.f_div(&spread)?.f_mul_scalar_(size)?)?;
        Ok(())
    }
}

/// The same on a CPU.
fn step_in_one_pass([parameters, gradients, means, squares]: [&mut [f32]; 4], step: Step) {
    let (beta1, beta2) = ((1.0 - BETA.0) as f32, (1.0 - BETA.1) as f32);
    let (size, spread) = step.corrected();
    let [kept, size, spread, epsilon] = [step.kept, size, spread, EPSILON].map(|x| x as f32);
    parameters
        .par_chunks_mut(CHUNK)
        .zip(gradients.par_chunks(CHUNK))
        .zip(means.par_chunks_mut(CHUNK))
        .zip(squares.par_chunks_mut(CHUNK))
        .for_each(|(((parameters, gradients), means), squares)| {
            let slots = parameters.iter_mut().zip(gradients).zip(means).zip(squares);
            for (((parameter, &gradient), mean), square) in slots {
                *mean = without_subnormals(*mean + beta1 * (gradient - *mean));
                *square = without_subnormals(*square + beta2 * (gradient * gradient - *square));
                let change = size * *mean / (square.sqrt() * spread + epsilon);
                *parameter = *parameter * kept - change;
            }
        });
}

/// A number so small that a processor takes many times as long for it becomes 0. Without a gradient,
/// as that of a word which no text has, a mean shrinks to such numbers after some 800 steps.
fn without_subnormals(x: f32) -> f32 {
    if x.abs() < f32::MIN_POSITIVE { 0.0 } else { x }
}

impl Step {
    /// The size of the step, and the factor of the root of the mean of squares, which make up for
    /// means that began at 0.
    fn corrected(self) -> (f64, f64) {
        let correction = |beta: f64| 1.0 - beta.powi(self.number);
        (self.learning_rate / correction(BETA.0), 1.0 / correction(BETA.1).sqrt())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trainer::tests::alone;
    use tch::{Device, Kind};

    #[test]
    fn one_pass_is_what_the_operations_do() {
        let _alone = alone();
        tch::manual_seed(1);
        let random = || Tensor::randn([3, 40_001], (Kind::Float, Device::Cpu));
        let mut one = random();
        let mut other = one.to_kind(Kind::Double);
        let (mut memory, mut doubles) = (Memory::new(&one).unwrap(), Memory::new(&other).unwrap());
        for number in 1..=5 {
            let step = Step { learning_rate: 1e-2, number, kept: 0.999 };
            let gradient = random();
            memory.step(&mut one, &gradient, step).unwrap();
            doubles.step(&mut other, &gradient.to_kind(Kind::Double), step).unwrap();
        }
        let difference = (one.to_kind(Kind::Double) - other).abs().max().double_value(&[]);
        assert!(difference < 1e-5, "{difference}");
    }

    #[test]
    fn without_gradients_the_means_end_at_zero() {
        let mut parameter = Tensor::ones([100], (Kind::Float, Device::Cpu));
        let mut memory = Memory::new(&parameter).unwrap();
        let gradients = [parameter.ones_like(), parameter.zeros_like()];
        for number in 1..=1000 {
            let step = Step { learning_rate: 1e-3, number, kept: 1.0 };
            memory.step(&mut parameter, &gradients[usize::from(number > 1)], step).unwrap();
            let means = Vec::<f32>::try_from(&memory.mean).unwrap();
            assert!(means.iter().all(|mean| !mean.is_subnormal()), "{means:?}");
        }
        assert_eq!(memory.mean.abs().max().double_value(&[]), 0.0);
    }
}
