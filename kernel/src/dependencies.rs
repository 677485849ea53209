//! All dependencies of the cells as one shared object.
//!
//! A cell's library is some 50 kB; linking it against the archives of a hundred crates took most of
//! its time, and gave each cell its own copy of their statics, thread pools included. So the archives
//! go into one library, once, and the stand-in for the linker (see [`crate::cells::cc`]) takes it
//! instead. Not even that is read for a cell: its two hundred thousand symbols take longer than all
//! else. The linker sees an empty library of the same name, and the loader finds the true one.

use crate::error::{Context, Result};
use crate::process::{read_json, write, write_json};
use crate::settings::Settings;
use crate::toolchain::Toolchain;
use crate::workspace::{Record, Workspace};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The library's name in a template.
const NAME: &str = "libnotebook_dependencies.so";

/// The library that the process of the cells loads.
pub fn library(template: &Path) -> PathBuf {
    template.join(NAME)
}

/// The library that a cell is linked against: it has the true one's name, and nothing in it.
pub fn stub(template: &Path) -> PathBuf {
    template.join("stub").join(NAME)
}

/// The arguments of the linker that the library makes superfluous: the archives in it, by their
/// names, and the libraries that it needs.
///
/// # Errors
/// A template without that list.
pub fn inside(template: &Path) -> Result<BTreeSet<String>> {
    read_json(&template.join("inside.json"))
}

/// Whether an argument of the linker's is an archive of a crate that cargo compiled.
fn is_archive(argument: &str) -> bool {
    argument.ends_with(".rlib") && !argument.contains("/rustlib/")
}

/// Links both libraries, from the arguments with which the linker was started for a cell that uses
/// the library and nothing else.
///
/// # Errors
/// A linker that fails.
pub fn link(settings: &Settings, tools: &Toolchain, work: &Workspace) -> Result<()> {
    let record = Record::read(&work.linker_record())?;
    let folders = settings.library_path.iter().cloned().chain([tools.libraries()]);
    let paths = search_paths(folders);
    let log = settings.home.join("log/dependencies.log");
    let run = |arguments: Vec<String>| {
        let mut cc = Command::new(&tools.cc);
        let output = cc.args(arguments).stdin(Stdio::null()).output();
        let output = output.context(format!("can't run {}", tools.cc.display()))?;
        if output.status.success() {
            return Ok(());
        }
        let _ = write(&log, &output.stderr);
        Err(format!("the dependencies can't be linked, see {}", log.display()))
    };
    run(arguments(&record.args, &library(&work.folder)).into_iter().chain(paths).collect())?;
    write(&stub(&work.folder), "")?;
    let empty = ["-shared", "-nostdlib", "-x", "c", "/dev/null", "-o"].map(str::to_owned);
    let names = [stub(&work.folder).display().to_string(), format!("-Wl,-soname,{NAME}")];
    run(empty.into_iter().chain(names).collect())?;
    let inside: BTreeSet<String> = record.args.iter().filter_map(|arg| superfluous(arg)).collect();
    write_json(&work.folder.join("inside.json"), &inside)
}

/// The name under which an argument is looked up in the list of those that are superfluous.
pub fn superfluous(argument: &str) -> Option<String> {
    // What every program is linked against.
    const SYSTEM: [&str; 7] = ["-lgcc_s", "-lutil", "-lrt", "-lpthread", "-lm", "-ldl", "-lc"];
    let is_library = argument.starts_with("-l") && !SYSTEM.contains(&argument);
    if is_library {
        Some(argument.to_owned())
    } else {
        is_archive(argument).then(|| name(argument))
    }
}

/// The arguments by which the loader finds libraries in folders.
pub fn search_paths(folders: impl Iterator<Item = PathBuf>) -> Vec<String> {
    folders
        .flat_map(|folder| ["-rpath".to_owned(), folder.display().to_string()])
        .flat_map(|argument| ["-Xlinker".to_owned(), argument])
        .collect()
}

/// The last part of a path.
pub fn name(path: &str) -> String {
    path.rsplit('/').next().unwrap_or(path).to_owned()
}

fn arguments(cell: &[String], output: &Path) -> Vec<String> {
    // Bound within: a tenth of a second less at the start of each kernel.
    let mut arguments = ["-Wl,-z,defs", "-Wl,-Bsymbolic", "-Wl,-s"].map(str::to_owned).to_vec();
    let mut inside = false;
    let mut rest = cell.iter().peekable();
    while let Some(argument) = rest.next() {
        if argument == "-o" {
            rest.next();
            arguments.extend(["-o".to_owned(), output.display().to_string()]);
            continue;
        }
        let of_the_cell = argument.ends_with(".o")
            || argument.contains("--version-script")
            || argument.contains("--gc-sections")
            || argument.contains("--no-undefined-version")
            || argument.contains("--strip-debug")
            || argument.contains("-soname")
            || argument.contains("$ORIGIN");
        if of_the_cell {
            continue;
        }
        if is_archive(argument) != inside {
            inside = !inside;
            let whole = if inside { "-Wl,--whole-archive" } else { "-Wl,--no-whole-archive" };
            arguments.push(whole.to_owned());
        }
        arguments.push(argument.clone());
    }
    arguments.push(format!("-Wl,-soname,{NAME}"));
    arguments
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn archives_are_taken_whole_and_what_is_the_cell_s_goes() {
        let cell = "-m64 cell.o -Wl,--as-needed /t/deps/liba.rlib /t/deps/libb.rlib \
                    /r/lib/rustlib/x/lib/libcompiler_builtins.rlib -lstd -Wl,--gc-sections -shared \
                    -o libctx.so -Wl,--version-script=/tmp/list -Wl,-rpath,$ORIGIN/..";
        let cell: Vec<String> = cell.split_whitespace().map(str::to_owned).collect();
        assert_eq!(
            arguments(&cell, Path::new("/o.so")).join(" "),
            "-Wl,-z,defs -Wl,-Bsymbolic -Wl,-s -m64 -Wl,--as-needed -Wl,--whole-archive /t/deps/liba.rlib \
             /t/deps/libb.rlib -Wl,--no-whole-archive \
             /r/lib/rustlib/x/lib/libcompiler_builtins.rlib -lstd -shared -o /o.so \
             -Wl,-soname,libnotebook_dependencies.so"
        );
    }
}
