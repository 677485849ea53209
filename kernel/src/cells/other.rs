//! What a notebook asks for besides the library: a workspace in the kernel's folder, where the real
//! cargo compiles it beside links to what the template holds.

use super::{Cells, metadata};
use crate::error::{Context, Result};
use crate::links::link_tree;
use crate::process::write;
use crate::workspace::Workspace;
use serde_json::Value;
use std::process::{Command, ExitCode};

/// The graph of dependencies: without the network if it can be had so.
///
/// # Errors
/// What cargo says about dependencies that there are not.
pub fn metadata(cells: &Cells, dependencies: &[String]) -> Result<Value> {
    let work = prepare(cells, dependencies)?;
    let cargo = |offline: bool| -> Result<Value> {
        let mut command = cells.tools.cargo(&cells.settings, "metadata", &work.manifest())?;
        command.env("CARGO_NET_OFFLINE", offline.to_string());
        metadata::graph(&mut command, &cells.tools.target)
    };
    let mut graph = cargo(true).or_else(|_| cargo(false))?;
    metadata::show_trimmed(&mut graph, &cells.template()?.join("sources"));
    Ok(graph)
}

/// Compiles the dependencies, unless they are those of the cell before. If cargo fails, it has said
/// why, and its exit code is given.
///
/// # Errors
/// A folder that can't be written.
pub fn build(
    cells: &Cells,
    dependencies: &[String],
) -> Result<std::result::Result<Workspace, ExitCode>> {
    let work = cells.other_workspace();
    let built = work.folder.join("built");
    let state = dependencies.join("\n");
    if std::fs::read_to_string(&built).is_ok_and(|built| built == state) {
        return Ok(Ok(work));
    }
    let _ = std::fs::remove_file(&built);
    if !work.target().exists() {
        let template = Workspace { folder: cells.template()? };
        link_tree(&template.target(), &work.target(), &cells.settings.library.name)?;
    }
    prepare(cells, dependencies)?;
    let cargo = |offline: bool| -> Result<Command> {
        let mut command = work.cargo(&cells.settings, &cells.tools, "build")?;
        command.env("CARGO_NET_OFFLINE", offline.to_string());
        Ok(command)
    };
    let is_there = crate::process::output_of(
        cells.tools.cargo(&cells.settings, "fetch", &work.manifest())?.args([
            "--offline",
            "--target",
            &cells.tools.target,
        ]),
    );
    let status = cargo(is_there.is_some())?.status().context("cargo")?;
    if !status.success() {
        return Ok(Err(super::exit_code(status)));
    }
    write(&built, state)?;
    Ok(Ok(work))
}

fn prepare(cells: &Cells, dependencies: &[String]) -> Result<Workspace> {
    let work = cells.other_workspace();
    work.write(&dependencies.join("\n"), "", &cells.template()?.join("Cargo.lock"))?;
    Ok(work)
}
