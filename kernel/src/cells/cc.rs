//! The stand-in for the linker: links cells against one shared object instead of the archives in it
//! (see [`crate::dependencies`]).

use super::{clean, exit_code};
use crate::dependencies::{inside, name, search_paths, stub, superfluous};
use crate::error::{Context, Result};
use crate::linux;
use crate::process::{read_json, write_json};
use crate::toolchain::Toolchain;
use crate::workspace::{CELLS, RECORD, Record, Workspace};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

/// Begins the argument that names the template, in the linker's arguments of a cell.
pub const TEMPLATE: &str = "--notebook-template=";

/// `notebook-cc <arguments>`, in the folder `bin-cells` of the project's.
///
/// # Errors
/// A compiler that is gone.
pub fn run(args: Vec<String>) -> Result<ExitCode> {
    linux::end_with_parent();
    let program = std::env::current_exe().context("where is this program?")?;
    let home = program.parent().and_then(Path::parent).context("where is this program?")?;
    let tools: Toolchain = read_json(&home.join("toolchain.json"))?;
    let mut command = Command::new(&tools.cc);
    match args.iter().find_map(|arg| arg.strip_prefix(TEMPLATE)) {
        Some(template) => {
            let template = PathBuf::from(template);
            command.args(cell(&args, &inside(&template)?, &template, tools.libraries()));
        }
        None => {
            record(&args)?;
            command.args(&args);
        }
    }
    let status = linux::tie(clean(&mut command)).status();
    Ok(exit_code(status.context(format!("can't run {}", tools.cc.display()))?))
}

/// Writes the arguments down while a workspace is compiled.
fn record(args: &[String]) -> Result<()> {
    let is_cells = |output: &str| output.starts_with(&format!("lib{CELLS}"));
    let output = args.windows(2).find(|pair| pair[0] == "-o").map(|pair| name(&pair[1]));
    match std::env::var_os(RECORD) {
        Some(folder) if output.is_some_and(|output| is_cells(&output)) => {
            let record = Record { args: args.to_vec(), variables: Vec::new() };
            write_json(&Workspace { folder: folder.into() }.linker_record(), &record)
        }
        _ => Ok(()),
    }
}

/// The arguments for a cell. With the archives go the options that name symbols in them, and the
/// search paths relative to the folder where the cell's library is written: evcxr moves it before it
/// is loaded.
fn cell(args: &[String], inside: &BTreeSet<String>, template: &Path, std: PathBuf) -> Vec<String> {
    let is_inside = |arg: &str| superfluous(arg).is_some_and(|name| inside.contains(&name));
    let needs_library = args.iter().any(|arg| is_inside(arg) && !arg.starts_with("-l"));
    let symbols = ["--version-script", "--no-undefined-version", "--gc-sections"];
    let goes = |arg: &str| {
        let is_moot = is_inside(arg) || symbols.iter().any(|option| arg.contains(option));
        arg.starts_with(TEMPLATE) || arg.contains("$ORIGIN") || (needs_library && is_moot)
    };
    let mut kept: Vec<String> = args.iter().filter(|arg| !goes(arg)).cloned().collect();
    kept.extend(search_paths([std].into_iter()));
    if needs_library {
        // Nothing in it is used, as the linker sees it.
        kept.extend(["-Wl,--no-as-needed".to_owned(), stub(template).display().to_string()]);
        kept.extend(search_paths([template.to_owned()].into_iter()));
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link(line: &str) -> String {
        let args: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        let inside = BTreeSet::from(["liba-1.rlib", "-ltorch"].map(str::to_owned));
        cell(&args, &inside, Path::new("/t"), PathBuf::from("/std")).join(" ")
    }

    #[test]
    fn one_library_takes_the_place_of_its_archives() {
        let line = "x.o /t/target/deps/liba-1.rlib /k/other/libmine-2.rlib -ltorch -lmine -lc -Wl,--gc-sections \
                    --notebook-template=/t -Wl,-rpath,$ORIGIN/.. -o libctx.so";
        assert_eq!(
            link(line),
            "x.o /k/other/libmine-2.rlib -lmine -lc -o libctx.so -Xlinker -rpath -Xlinker /std \
             -Wl,--no-as-needed /t/stub/libnotebook_dependencies.so -Xlinker -rpath -Xlinker /t"
        );
    }

    #[test]
    fn a_cell_without_them_is_linked_as_usual() {
        let line = "x.o -lc -Wl,--gc-sections -o libctx.so";
        assert_eq!(link(line), format!("{line} -Xlinker -rpath -Xlinker /std"));
    }
}
