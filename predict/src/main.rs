//! `cargo run --release -p unit8-predict -- MODEL`: compiles the program that does the work
//! (program/), if that is not done yet, and becomes it. It is compiled and run with what the set-up
//! has found out for the notebooks' kernels: nothing has to be exported, and where nothing is set up,
//! that is said at once.

use serde_json::Value;
use std::convert::Infallible;
use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

const PROGRAM: &str = "unit8-predict-program";

fn main() -> ExitCode {
    let Err(failed) = become_program();
    eprintln!("{failed}");
    ExitCode::FAILURE
}

/// Comes back only with what went wrong.
fn become_program() -> Result<Infallible, String> {
    // Where cargo finds this package now; the folder may have been moved since it was compiled.
    let package = std::env::var_os("CARGO_MANIFEST_DIR")
        .map_or_else(|| env!("CARGO_MANIFEST_DIR").into(), PathBuf::from);
    let root = package.parent().unwrap_or(&package);
    let variables = variables(root)?;
    let here = std::env::current_exe().map_err(|error| format!("this program: {error}"))?;
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(["build", "--package", PROGRAM]).current_dir(root).envs(variables.clone());
    if !cfg!(debug_assertions) {
        cargo.arg("--release");
    }
    // What cargo tells this program about itself would have build scripts run again.
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") {
            cargo.env_remove(&name);
        }
    }
    // The texts may come from standard input, and standard output is the results'.
    let built = cargo.stdin(Stdio::null()).stdout(Stdio::null()).status();
    if !built.map_err(|error| format!("cargo can't be run: {error}"))?.success() {
        return Err("the program can't be compiled: `cargo xtask setup` may mend it".to_owned());
    }
    let program = here.with_file_name(PROGRAM);
    let mut command = Command::new(&program);
    let failed = command.args(std::env::args_os().skip(1)).envs(variables).exec();
    Err(format!("{} can't be run: {failed}", program.display()))
}

/// Those of the notebooks' kernels, and where libtorch is.
fn variables(root: &Path) -> Result<Vec<(String, OsString)>, String> {
    let file = root.join(".unit8/kernel.json");
    let not_set_up = |_| "nothing is set up yet: run `cargo xtask setup` first".to_owned();
    let text = std::fs::read_to_string(&file).map_err(not_set_up)?;
    let settings: Value = serde_json::from_str(&text)
        .map_err(|error| format!("{}: {error}: run `cargo xtask setup`", file.display()))?;
    let strings = |name: &str| {
        let all = settings[name].as_object().into_iter().flatten();
        all.filter_map(|(name, value)| Some((name.clone(), OsString::from(value.as_str()?))))
            .collect::<Vec<_>>()
    };
    let defaults = strings("defaults").into_iter();
    let mut variables = strings("variables");
    variables.extend(defaults.filter(|(name, _)| std::env::var_os(name).is_none()));
    let folders = settings["library_path"].as_array().into_iter().flatten();
    let folders = folders.filter_map(|folder| Some(PathBuf::from(folder.as_str()?)));
    let others = std::env::var_os("LD_LIBRARY_PATH").unwrap_or_default();
    let all = std::env::join_paths(folders.chain(std::env::split_paths(&others)));
    variables.push(("LD_LIBRARY_PATH".to_owned(), all.unwrap_or_default()));
    Ok(variables)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn libtorch_is_where_the_set_up_says() {
        let root = std::env::temp_dir().join(format!("unit8-predict-{}", std::process::id()));
        std::fs::create_dir_all(root.join(".unit8")).unwrap();
        let error = variables(&root).unwrap_err();
        assert_eq!(error, "nothing is set up yet: run `cargo xtask setup` first");
        let settings = r#"{"variables": {"LIBTORCH": "/t"}, "defaults": {"PATH": "no", "UNIT8_X": "y"},
                           "library_path": ["/t/lib"]}"#;
        std::fs::write(root.join(".unit8/kernel.json"), settings).unwrap();
        let found = variables(&root).unwrap();
        std::fs::remove_dir_all(root).unwrap();
        let value = |name| found.iter().find(|(known, _)| known == name).map(|(_, value)| value);
        assert_eq!(value("LIBTORCH"), Some(&"/t".into()));
        assert_eq!(value("UNIT8_X"), Some(&"y".into()));
        assert_eq!(value("PATH"), None);
        assert!(
            value("LD_LIBRARY_PATH").is_some_and(|all| all.to_string_lossy().starts_with("/t/lib"))
        );
    }
}
