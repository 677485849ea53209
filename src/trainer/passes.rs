//! Steps in one pass over the numbers of a parameter, where each operation of libtorch would read and
//! write all of them again.

use crate::error::Result;
use rayon::prelude::*;
use tch::{Device, Kind, Tensor};

/// Numbers that a thread takes at once.
pub const CHUNK: usize = 1 << 14;
/// To so few a thread comes sooner than another one wakes up.
const FEW: usize = 1 << 16;

/// The numbers of some tensors, if they are nothing but f32s in memory, as many in each. The tensors are
/// different ones, and nobody else works on them meanwhile.
#[expect(clippy::mut_from_ref, reason = "a Tensor is a handle, which others may hold as well")]
pub fn numbers<const N: usize>(tensors: [&Tensor; N]) -> Option<[&mut [f32]; N]> {
    let count = tensors[0].numel();
    let plain = |x: &Tensor| {
        (x.device(), x.kind()) == (Device::Cpu, Kind::Float)
            && x.is_contiguous()
            && x.numel() == count
    };
    // An empty one has no address.
    let all_plain = count > 0 && tensors.iter().all(|x| plain(x));
    // SAFETY: each is contiguous, of f32, on the CPU, and no other's.
    let numbers =
        |x: &Tensor| unsafe { std::slice::from_raw_parts_mut(x.data_ptr().cast::<f32>(), count) };
    all_plain.then(|| tensors.map(numbers))
}

/// Plain gradient descent: takes the gradient, so many times, from the parameter.
pub fn descend(parameter: &mut Tensor, gradient: &Tensor, learning_rate: f64) -> Result<()> {
    let gradient = gradient.f_contiguous()?;
    let Some([parameters, gradients]) = numbers([parameter, &gradient]) else {
        let _ = parameter.f_sub_(&gradient.f_mul_scalar(learning_rate)?)?;
        return Ok(());
    };
    let rate = learning_rate as f32;
    let pass = |(parameters, gradients): (&mut [f32], &[f32])| {
        parameters.iter_mut().zip(gradients).for_each(|(x, &slope)| *x -= rate * slope);
    };
    if parameters.len() <= FEW {
        pass((parameters, gradients));
    } else {
        parameters.par_chunks_mut(CHUNK).zip(gradients.par_chunks(CHUNK)).for_each(pass);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trainer::tests::alone;

    #[test]
    fn descent_in_one_pass_is_what_the_operations_do() {
        let _alone = alone();
        tch::manual_seed(1);
        for shape in [vec![], vec![7, 3], vec![3, 40_001], vec![0, 2]] {
            let random = || Tensor::randn(&shape[..], (Kind::Float, Device::Cpu));
            let (mut parameter, gradient) = (random(), random());
            let expected = &parameter - &gradient * 0.05;
            descend(&mut parameter, &gradient, 0.05).unwrap();
            assert!(parameter.equal(&expected), "{shape:?}");
            let (mut doubles, columns) =
                (parameter.to_kind(Kind::Double), gradient.to_kind(Kind::Double));
            let expected = &doubles - &columns * 0.05;
            descend(&mut doubles, &columns, 0.05).unwrap();
            assert!(doubles.equal(&expected), "{shape:?}");
        }
        // A gradient whose numbers lie in another order, or all in one place.
        let columns = Tensor::randn([3, 7], (Kind::Float, Device::Cpu)).tr();
        for gradient in
            [columns, Tensor::ones([1], (Kind::Float, Device::Cpu)).expand([7, 3], false)]
        {
            let mut parameter = Tensor::ones([7, 3], (Kind::Float, Device::Cpu));
            let expected = &parameter - &gradient * 0.05;
            descend(&mut parameter, &gradient, 0.05).unwrap();
            assert!(parameter.equal(&expected));
        }
    }
}
