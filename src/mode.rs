//! How a model is run.

use serde::{Deserialize, Serialize};
use tch::{Device, Kind};

/// The numbers that a model calculates with. Its parameters are 32-bit numbers always.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Precision {
    /// 32 bits, of which 24 are significant.
    #[default]
    Fp32,
    /// 16 bits, of which 8 are significant: half the memory, and several times as fast on a
    /// processor or graphics card that has instructions for it.
    Bf16,
}

impl Precision {
    /// The one that trains fastest here: 16 bits on a GPU, and on a processor that multiplies
    /// matrices of them (AVX512-BF16), else 32. A graphics card older than NVIDIA's Ampere is faster with 32.
    pub fn fastest() -> Precision {
        if crate::device() != Device::Cpu || processor_has_bf16() {
            Precision::Bf16
        } else {
            Precision::Fp32
        }
    }

    pub(crate) fn kind(self) -> Kind {
        match self {
            Precision::Fp32 => Kind::Float,
            Precision::Bf16 => Kind::BFloat16,
        }
    }
}

#[cfg(target_arch = "x86_64")]
fn processor_has_bf16() -> bool {
    std::arch::is_x86_feature_detected!("avx512bf16")
}

#[cfg(not(target_arch = "x86_64"))]
fn processor_has_bf16() -> bool {
    false
}

/// How a model is run: the default is to predict, in 32 bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Mode {
    /// Whether to learn: dropout is at work only then.
    pub train: bool,
    /// The numbers to calculate with.
    pub precision: Precision,
}
