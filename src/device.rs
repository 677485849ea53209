//! The processor or the graphics card.

use tch::Device;

/// The first CUDA device if there is one, else the CPU.
pub fn device() -> Device {
    load_libtorch_cuda();
    Device::cuda_if_available()
}

/// libtorch sees a GPU only when its CUDA part is loaded, and nothing in a notebook cell makes the
/// linker load it: so this does, where the driver says that there is a GPU. And what libtorch has
/// not seen when it is first asked, by `tch::manual_seed` for instance, it never sees: so this is
/// done when the library itself is loaded.
#[used]
#[unsafe(link_section = ".init_array")]
static AT_THE_START: extern "C" fn() = load_libtorch_cuda;

extern "C" fn load_libtorch_cuda() {
    // The second one is Windows' driver, below WSL 2.
    let drivers = [c"/dev/nvidiactl", c"/dev/dxg"];
    // SAFETY: the names are C strings; what is loaded stays, so nothing of it can dangle.
    unsafe {
        if drivers.iter().any(|driver| libc::access(driver.as_ptr(), libc::F_OK) == 0) {
            libc::dlopen(c"libtorch_cuda.so".as_ptr(), libc::RTLD_NOW | libc::RTLD_GLOBAL);
        }
    }
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
