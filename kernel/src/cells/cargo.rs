//! The stand-in for cargo.
//!
//! evcxr and rust-analyzer run it with a handful of commands. As long as a notebook depends on the
//! library alone, all is known beforehand: the graph of dependencies is in a file, and a cell is
//! compiled by starting rustc with the command that cargo gave when the template was made. For other
//! dependencies the real one is asked, once for each state of the notebook's list (see
//! [`super::other`]).

use super::{Cells, clean, edit, exit_code, metadata, other};
use crate::error::{Context, Result};
use crate::folder::use_template;
use crate::process::{read_json, write, write_json};
use crate::template;
use crate::toolchain::{LINKER, stand_ins};
use crate::workspace::{Record, Workspace, dependencies};
use crate::{link, linux};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

/// Marks what evcxr itself prints in the process of the cells.
const TOKEN: &str = "NOTEBOOK_KERNEL_TOKEN";

/// `cargo <arguments>`
///
/// # Errors
/// What the real one would fail at, and a template that can't be made.
pub fn run(args: &[String]) -> Result<ExitCode> {
    let cells = Cells::from_environment()?;
    let manifest = manifest(args)?;
    if manifest.parent() != Some(&cells.crate_folder()) {
        // A cell that runs cargo somewhere else.
        let mut cargo = Command::new(&cells.tools.cargo);
        return Ok(exit_code(clean(cargo.args(args)).status().context("cargo")?));
    }
    // A stop ends a compilation with all that it has started, and so does the end of the kernel.
    linux::lead_a_group();
    linux::end_with_parent();
    match args.iter().find(|arg| !arg.starts_with("--o")).map(String::as_str) {
        Some("build") => cells.compile(&manifest, false).or_else(|error| refuse(&error)),
        Some("check") => cells.compile(&manifest, true).or_else(|error| refuse(&error)),
        Some("metadata") => cells.metadata(&manifest).map(|graph| {
            println!("{graph}");
            ExitCode::SUCCESS
        }),
        Some("locate-project") => say(&json!({"root": manifest}).to_string()),
        Some("--version") => say(&cells.tools.cargo_version),
        // rust-analyzer asks rustc through cargo.
        Some("rustc") if args.iter().any(|arg| arg == "cfg") => say(&cells.tools.cfg),
        Some("rustc") => say(&cells.tools.target_spec),
        Some("clean") => Ok(ExitCode::SUCCESS),
        // There is no configuration for a cell.
        _ => Ok(ExitCode::FAILURE),
    }
}

fn say(text: &str) -> Result<ExitCode> {
    println!("{text}");
    Ok(ExitCode::SUCCESS)
}

/// Says in the compiler's words why a cell is not compiled.
fn refuse(error: &str) -> Result<ExitCode> {
    let message = json!({"message": error, "level": "error", "spans": [], "children": []});
    println!("{}", json!({"reason": "compiler-message", "message": message}));
    Ok(ExitCode::from(101))
}

/// The Cargo.toml that a command is about.
fn manifest(args: &[String]) -> Result<PathBuf> {
    let named = args.windows(2).find(|pair| pair[0] == "--manifest-path");
    match named {
        Some(pair) => Ok(PathBuf::from(&pair[1])),
        None => Ok(std::env::current_dir().context("the working folder")?.join("Cargo.toml")),
    }
}

impl Cells {
    /// Where a state of the notebook's dependencies is compiled: the template, or the kernel's own
    /// workspace for others.
    fn workspace(&self, dependencies: &[String]) -> Result<Option<Workspace>> {
        let known = dependencies.iter().all(|dependency| self.is_library(dependency));
        Ok(if known { Some(Workspace { folder: self.template()? }) } else { None })
    }

    fn metadata(&self, manifest: &Path) -> Result<Value> {
        let text = std::fs::read_to_string(manifest).context(manifest.display().to_string())?;
        let dependencies = dependencies(&text);
        if let Some(note) = self.of_another_folder(&dependencies)? {
            link::note(&note);
        }
        if text.contains("evcxr_dummy_validate_dep") {
            self.refresh(&dependencies)?;
        }
        let mut graph = match self.workspace(&dependencies)? {
            Some(template) => read_json(&template.folder.join("metadata.json"))?,
            None => other::metadata(self, &dependencies)?,
        };
        let folder = manifest.parent().unwrap_or(manifest);
        metadata::move_cells(&mut graph, folder, !dependencies.is_empty());
        Ok(graph)
    }

    /// The library as it is now, if this kernel has not begun to use it.
    fn refresh(&self, dependencies: &[String]) -> Result<()> {
        let used = self.folder.join("library-is-used");
        if used.exists() || !dependencies.iter().any(|dependency| self.is_library(dependency)) {
            return Ok(());
        }
        let template = template::ensure(&self.settings, &mut link::note)?;
        use_template(&self.folder, &template.folder)?;
        write(&used, "")
    }

    fn compile(&self, manifest: &Path, check: bool) -> Result<ExitCode> {
        let text = std::fs::read_to_string(manifest).context(manifest.display().to_string())?;
        let dependencies = dependencies(&text);
        let workspace = match self.workspace(&dependencies)? {
            Some(template) => template,
            None => match other::build(self, &dependencies)? {
                Ok(workspace) => workspace,
                Err(code) => return Ok(code),
            },
        };
        let record = Record::read(&workspace.compiler_record())?;
        let source = self.source()?;
        let debug = self.crate_folder().join("target").join(&self.tools.target).join("debug");
        let output = if check { debug.join("check") } else { debug.join("deps") };
        std::fs::create_dir_all(&output).context(output.display().to_string())?;
        let has_dependencies = !dependencies.is_empty();
        let mut args = arguments(&record.args, &source, &output, check, has_dependencies);
        args.push(format!("-Clinker={}", stand_ins(&self.settings).join(LINKER).display()));
        if !check && has_dependencies {
            args.push(format!("-Clink-arg={}{}", super::cc::TEMPLATE, self.template()?.display()));
        }
        let mut rustc = Command::new(&self.tools.rustc);
        clean(&mut rustc)
            .args(args)
            .envs(record.variables)
            .env("CARGO_MANIFEST_DIR", self.crate_folder())
            .current_dir(&self.folder);
        self.pass_on(&mut rustc, &output, check)
    }

    /// The cell's source as rustc is to see it.
    fn source(&self) -> Result<PathBuf> {
        let file = self.crate_folder().join("src/lib.rs");
        let source = std::fs::read_to_string(&file).context(file.display().to_string())?;
        write_json(&edit::Variables::file(&self.folder), &edit::variables(&source))?;
        let Ok(token) = std::env::var(TOKEN) else { return Ok(file) };
        let copy = self.crate_folder().join("cell/lib.rs");
        write(&copy, edit::edit(&source, &token))?;
        Ok(copy)
    }

    /// Runs rustc and says what it says in cargo's words.
    fn pass_on(&self, rustc: &mut Command, output: &Path, check: bool) -> Result<ExitCode> {
        let mut child = linux::tie(rustc)
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .context(format!("can't run {}", self.tools.rustc.display()))?;
        let target = json!({"name": crate::workspace::CELLS, "kind": ["cdylib"]});
        let mut stdout = std::io::stdout().lock();
        for line in BufReader::new(child.stderr.take().context("rustc")?).lines() {
            let line = line.context("rustc")?;
            match serde_json::from_str::<Value>(&line) {
                Ok(message) if message["$message_type"] == "diagnostic" => {
                    let message = json!({"reason": "compiler-message", "target": target,
                        "message": message});
                    writeln!(stdout, "{message}").context("evcxr is gone")?;
                }
                Ok(_) => {}
                Err(_) => eprintln!("{line}"),
            }
        }
        let success = child.wait().context("rustc")?.success();
        if success && !check {
            let library = output.join(format!("lib{}.so", crate::workspace::CELLS));
            let artifact = json!({"reason": "compiler-artifact", "target": target,
                "filenames": [library]});
            writeln!(stdout, "{artifact}").context("evcxr is gone")?;
        }
        let end = json!({"reason": "build-finished", "success": success});
        writeln!(stdout, "{end}").context("evcxr is gone")?;
        Ok(if success { ExitCode::SUCCESS } else { ExitCode::from(101) })
    }
}

/// The recorded arguments of rustc, for this kernel's cell.
fn arguments(
    recorded: &[String],
    source: &Path,
    output: &Path,
    check: bool,
    has_dependencies: bool,
) -> Vec<String> {
    let text = |path: &Path| path.display().to_string();
    let mut args = Vec::with_capacity(recorded.len());
    let mut rest = recorded.iter();
    while let Some(arg) = rest.next() {
        match arg.as_str() {
            "--out-dir" => {
                rest.next();
                args.extend([arg.clone(), text(output)]);
            }
            "-C" => {
                let value = rest.next().cloned().unwrap_or_default();
                // Not worth its bookkeeping for the few lines of a cell.
                if !["extra-filename=", "incremental="].iter().any(|name| value.starts_with(name)) {
                    args.extend([arg.clone(), value]);
                }
            }
            "--extern" if !has_dependencies => {
                rest.next();
            }
            _ if arg.ends_with("src/lib.rs") => args.push(text(source)),
            _ if check && arg.starts_with("--emit=") => args.push("--emit=metadata".to_owned()),
            _ => args.push(arg.clone()),
        }
    }
    args
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cells::library::tests::example;

    #[test]
    fn the_recorded_command_is_that_of_the_cell() {
        let recorded = "--crate-name ctx src/lib.rs --crate-type cdylib --emit=dep-info,link \
                        -C metadata=1 -C extra-filename=-1 --out-dir /t/target/deps \
                        -C incremental=/t/inc -L dependency=/t/target/deps --extern unit8=/t/u.rlib";
        let recorded: Vec<String> = recorded.split_whitespace().map(str::to_owned).collect();
        let args = |check, has_dependencies| {
            arguments(&recorded, Path::new("/k/lib.rs"), Path::new("/k/o"), check, has_dependencies)
                .join(" ")
        };
        assert_eq!(
            args(false, true),
            "--crate-name ctx /k/lib.rs --crate-type cdylib --emit=dep-info,link -C metadata=1 \
             --out-dir /k/o -L dependency=/t/target/deps \
             --extern unit8=/t/u.rlib"
        );
        assert!(args(true, true).contains("--emit=metadata "));
        assert!(!args(false, false).contains("--extern"));
    }

    #[test]
    fn the_manifest_is_the_one_named() {
        let args = ["metadata", "--manifest-path", "/k/ctx/Cargo.toml"].map(str::to_owned);
        assert_eq!(manifest(&args).unwrap(), Path::new("/k/ctx/Cargo.toml"));
    }

    #[test]
    fn cargo_is_asked_only_about_other_crates() {
        let cells = example("asked");
        let library = &cells.settings.library.path;
        let dotted = library.join("../library");
        let place = |dependencies: &[String]| {
            cells.workspace(dependencies).unwrap().map(|workspace| workspace.folder)
        };
        let known = Some(PathBuf::from("/template"));
        assert_eq!(place(&[]), known);
        for path in [library, &dotted] {
            assert_eq!(place(&[format!("unit8 = {{ path = \"{}\" }}", path.display())]), known);
        }
        assert_eq!(place(&["rand = \"0.9\"".to_owned()]), None);
        std::fs::remove_dir_all(&cells.settings.home).unwrap();
    }
}
