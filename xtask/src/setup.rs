//! All that has to be there before a lesson can run. Each step looks first whether its result is
//! there and current, so that what was broken off goes on, and what is done costs nothing.

use crate::build::Build;
use crate::environment::{self, Environment};
use crate::process::{Result, on_path};
use crate::project::Project;
use crate::{clone, evcxr, template};
use std::time::Instant;

#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Leave the CUDA packages out.
    pub cpu: bool,
    /// Install what only the tests and the benchmark need, too.
    pub tests: bool,
}

pub struct Setup {
    pub environment: Environment,
    pub build: Build,
}

pub fn run(project: &Project, options: Options) -> Result<Setup> {
    let started = Instant::now();
    for (program, remedy) in [
        ("rustc", "install Rust from https://rustup.rs"),
        ("c++", "install a C++ compiler (Debian: apt install g++)"),
    ] {
        if !on_path(program) {
            return Err(format!("{program} was not found on the PATH: {remedy}"));
        }
    }
    evcxr::ensure_rust_src();
    evcxr::install_launcher(project)?;
    // Two chains that need nothing of each other: the network is busy in one, the processor in
    // the other.
    let setup = std::thread::scope(|scope| {
        let kernel = scope.spawn(|| evcxr::ensure(project));
        let library = (|| {
            let environment = environment::ensure(project, options.cpu, options.tests)?;
            evcxr::install_kernel_spec(project, &environment)?;
            let build = Build::new(project, &environment)?;
            template::ensure(project, &environment, &build)?;
            Ok(Setup { environment, build })
        })();
        let kernel =
            kernel.join().unwrap_or_else(|_| Err("the build of the kernel panicked".to_owned()));
        library.and_then(|setup| kernel.map(|()| setup))
    })?;
    clone::sweep(&project.clones());
    let seconds = started.elapsed().as_secs();
    if seconds > 2 {
        println!("  set up in {} min {} s", seconds / 60, seconds % 60);
    }
    Ok(setup)
}
