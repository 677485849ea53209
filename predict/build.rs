//! Where the program finds libtorch when it is started: no variable has to be set for it.

use std::env::var_os;
use std::path::PathBuf;

fn main() {
    println!("cargo::rerun-if-env-changed=LIBTORCH");
    let libraries = PathBuf::from(var_os("LIBTORCH").unwrap_or_default()).join("lib");
    if !libraries.join("libtorch.so").exists() {
        println!("cargo::error=libtorch is not there yet: run `cargo xtask setup` first");
        return;
    }
    println!("cargo::rustc-link-arg-bins=-Wl,-rpath,{}", libraries.display());
}
