//! evcxr_jupyter, which runs the cells, in a folder of the project's.

use crate::process::{Result, ignore_settings, output_of};
use crate::project::Project;
use crate::step::step;
use std::path::Path;
use std::process::Command;

const VERSION: &str = "0.22.0";

/// The parts of rust-analyzer that a kernel waits for: twice at its start it reads the sources of
/// the standard library and of our crates. The rest, most of three hundred packages, is not optimized:
/// a cell's own part of the work is done by rustc. Measured on two cores: with these at 3 and the rest
/// at 0 it takes 8.6 minutes of processor time and a kernel answers after 2.0 s; with these at 1 it is
/// 6.4 minutes and 2.8 s, with everything at 1 some 10 minutes and 2.3 s.
const OPTIMIZED: [&str; 44] = [
    "arrayvec",
    "boxcar",
    "countme",
    "crossbeam-queue",
    "crossbeam-utils",
    "dashmap",
    "ena",
    "fixedbitset",
    "foldhash",
    "hashbrown",
    "indexmap",
    "intrusive-collections",
    "la-arena",
    "libmimalloc-sys",
    "line-index",
    "memchr",
    "mimalloc",
    "parking_lot",
    "parking_lot_core",
    "ra-ap-rustc_abi",
    "ra-ap-rustc_index",
    "ra-ap-rustc_lexer",
    "ra-ap-rustc_next_trait_solver",
    "ra-ap-rustc_type_ir",
    "ra_ap_base_db",
    "ra_ap_cfg",
    "ra_ap_hir",
    "ra_ap_hir_def",
    "ra_ap_hir_expand",
    "ra_ap_hir_ty",
    "ra_ap_intern",
    "ra_ap_mbe",
    "ra_ap_parser",
    "ra_ap_span",
    "ra_ap_syntax",
    "ra_ap_syntax-bridge",
    "ra_ap_tt",
    "ra_ap_vfs",
    "rowan",
    "rustc-hash",
    "salsa",
    "smallvec",
    "thin-vec",
    "triomphe",
];

/// Builds evcxr_jupyter, unless this version is there already.
pub fn ensure(project: &Project) -> Result<()> {
    if is_installed(project) {
        return Ok(());
    }
    let target = project.home.join("evcxr-build");
    let mut cargo = Command::new("cargo");
    ignore_settings(&mut cargo);
    cargo
        .args(["install", "--locked", "--force", "evcxr_jupyter", "--version", VERSION, "--root"])
        .arg(project.home.join("evcxr"))
        .env("CARGO_TARGET_DIR", &target)
        .env("CARGO_BUILD_BUILD_DIR", &target)
        .env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "0")
        .env("CARGO_PROFILE_RELEASE_DEBUG", "0")
        .current_dir("/");
    for package in OPTIMIZED {
        cargo.arg("--config").arg(format!("profile.release.package.{package}.opt-level=3"));
    }
    step("the Rust kernel (evcxr_jupyter)", &project.log("evcxr"), &mut cargo)?;
    let _ = std::fs::remove_dir_all(target);
    Ok(())
}

/// cargo writes this list when the program is in its place.
fn is_installed(project: &Project) -> bool {
    let list = std::fs::read_to_string(project.home.join("evcxr/.crates.toml"));
    let wanted = format!("\"evcxr_jupyter {VERSION} ");
    project.evcxr().exists() && list.is_ok_and(|list| list.contains(&wanted))
}

/// rust-analyzer, which tells the kernel the types of a cell's variables, reads the sources of
/// the standard library.
pub fn ensure_rust_src() {
    let Some(sysroot) = output_of(Command::new("rustc").args(["--print", "sysroot"])) else {
        return;
    };
    if Path::new(&sysroot).join("lib/rustlib/src/rust/library/std").is_dir() {
        return;
    }
    if output_of(Command::new("rustup").args(["component", "add", "rust-src"])).is_none() {
        println!(
            "  note: the sources of Rust's standard library are missing, so a cell has to spell out \
             types such as Vec<f64>. `rustup component add rust-src` (conda: the package rust-src) \
             adds them."
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::process::write;

    #[test]
    fn a_broken_off_or_older_installation_does_not_count() {
        let home = std::env::temp_dir().join(format!("unit8-evcxr-{}", std::process::id()));
        let project = Project { root: home.clone(), home: home.clone() };
        write(&project.evcxr(), "program").unwrap();
        assert!(!is_installed(&project));
        let list = home.join("evcxr/.crates.toml");
        write(&list, "[v1]\n\"evcxr_jupyter 0.21.1 (registry)\" = [\"evcxr_jupyter\"]\n").unwrap();
        assert!(!is_installed(&project));
        write(&list, format!("\"evcxr_jupyter {VERSION} (registry)\" = []\n")).unwrap();
        assert!(is_installed(&project));
        std::fs::remove_dir_all(home).unwrap();
    }
}
