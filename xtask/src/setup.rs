//! All that has to be there before a lesson can run. Each step looks first whether its result is
//! there and current, so that what was broken off goes on, and what is done costs nothing.

use crate::environment::{self, Environment};
use crate::evcxr;
use crate::kernel::{self, Kernel};
use crate::process::{Result, on_path};
use crate::project::Project;
use crate::step::say;
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
    pub kernel: Kernel,
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
    remove_what_older_versions_made(project);
    // Three chains that need nothing of each other: the network is busy in one, the processor in
    // the others.
    let setup = std::thread::scope(|scope| {
        let evcxr = scope.spawn(|| evcxr::ensure(project));
        let programs = scope.spawn(|| kernel::build(project));
        let library = (|| {
            let environment = environment::ensure(project, options.cpu, options.tests)?;
            let kernel = Kernel::configure(project, &environment)?;
            finish(programs, "the kernel")?;
            kernel.prepare(project)?;
            kernel::install_spec(project, &environment)?;
            Ok(Setup { environment, kernel })
        })();
        if let (Err(why), false) = (&library, evcxr.is_finished()) {
            say(&format!("  {why}\n  evcxr_jupyter is still being compiled: that is kept"));
        }
        let evcxr = finish(evcxr, "evcxr_jupyter");
        library.and_then(|setup| evcxr.map(|()| setup))
    })?;
    let seconds = started.elapsed().as_secs();
    if seconds > 2 {
        say(&format!("  set up in {} min {} s", seconds / 60, seconds % 60));
    }
    Ok(setup)
}

fn finish(step: std::thread::ScopedJoinHandle<Result<()>>, name: &str) -> Result<()> {
    step.join().unwrap_or_else(|_| Err(format!("the build of {name} panicked")))
}

/// Some gigabytes that nothing uses any more.
fn remove_what_older_versions_made(project: &Project) {
    for folder in ["template", "filter"] {
        let _ = std::fs::remove_dir_all(project.home.join(folder));
    }
}
