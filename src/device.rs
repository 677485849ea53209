//! The processor or the graphics card.

use tch::Device;

/// The first CUDA device if there is one, else the CPU.
///
/// libtorch sees a GPU only when its CUDA part is loaded, and nothing in a notebook cell makes the
/// linker load it: so this does, where the driver says that there is a GPU.
pub fn device() -> Device {
    // The second one is Windows' driver, below WSL 2.
    if ["/dev/nvidiactl", "/dev/dxg"].iter().any(|driver| std::path::Path::new(driver).exists()) {
        load_libtorch_cuda();
    }
    Device::cuda_if_available()
}

fn load_libtorch_cuda() {
    // SAFETY: the name is a C string; the library stays loaded, so nothing of it can dangle.
    unsafe { libc::dlopen(c"libtorch_cuda.so".as_ptr(), libc::RTLD_NOW | libc::RTLD_GLOBAL) };
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_tensor_can_live_on_the_device() {
        let device = super::device();
        let tensor = tch::Tensor::zeros([2], (tch::Kind::Float, device));
        assert_eq!(tensor.device(), device);
    }
}
