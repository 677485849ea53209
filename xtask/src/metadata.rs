//! A stand-in for cargo where rust-analyzer asks for the dependency graph.
//!
//! To infer the types of a cell's variables, evcxr runs rust-analyzer, and that reads the sources
//! of every package in the graph: a hundred packages and more, for types that a notebook never
//! holds. This filter leaves the cell's crate, what it depends on, and the crates that the library's
//! Cargo.toml lists under `[package.metadata.notebook]`; from the standard library it leaves core,
//! alloc and std. Whatever else is asked of cargo goes through unchanged.

use crate::process::{Context, Result};
use crate::template::CELLS;
use serde_json::Value;
use std::collections::HashSet;
use std::io::Write;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};

/// The variable that holds the path of the real cargo.
pub const REAL_CARGO: &str = "UNIT8_CARGO";

const STANDARD_LIBRARY: [&str; 3] = ["core", "alloc", "std"];

pub fn run(args: &[String]) -> Result<ExitCode> {
    let cargo = std::env::var_os(REAL_CARGO).unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args(args);
    if args.first().is_none_or(|first| first != "metadata") {
        let status = command.status().context("cargo")?;
        return Ok(exit_code(status));
    }
    let output = command.stderr(Stdio::inherit()).output().context("cargo metadata")?;
    let filtered = serde_json::from_slice(&output.stdout).ok().map(|mut graph| {
        filter(&mut graph);
        graph.to_string().into_bytes()
    });
    std::io::stdout()
        .write_all(filtered.as_ref().unwrap_or(&output.stdout))
        .context("cargo metadata")?;
    Ok(exit_code(output.status))
}

fn exit_code(status: std::process::ExitStatus) -> ExitCode {
    ExitCode::from(status.code().map_or(1, |code| code as u8))
}

/// Keeps the packages named above, and the edges between them.
fn filter(graph: &mut Value) {
    let kept = kept(graph);
    let keep = |node: &Value, key: &str| node[key].as_str().is_some_and(|id| kept.contains(id));
    if let Some(packages) = graph["packages"].as_array_mut() {
        packages.retain(|package| keep(package, "id"));
        packages.iter_mut().filter(|package| package["name"] != CELLS).for_each(narrow);
    }
    let Some(nodes) = graph["resolve"]["nodes"].as_array_mut() else {
        return;
    };
    nodes.retain(|node| keep(node, "id"));
    for node in nodes {
        if let Some(deps) = node["deps"].as_array_mut() {
            deps.retain(|dep| keep(dep, "pkg"));
        }
        if let Some(ids) = node["dependencies"].as_array_mut() {
            ids.retain(|id| id.as_str().is_some_and(|id| kept.contains(id)));
        }
    }
}

/// rust-analyzer walks through the whole folder of a package that lies outside the registry, and
/// the library's folder holds the Python environment and everything that was ever compiled: name
/// the folder of its sources instead.
fn narrow(package: &mut Value) {
    let targets = package["targets"].as_array().map_or(&[][..], Vec::as_slice);
    let lib = targets.iter().find(|target| target["kind"][0] == "lib");
    let sources = lib.and_then(|lib| Path::new(lib["src_path"].as_str()?).parent());
    if let (true, Some(sources)) = (package["source"].is_null(), sources) {
        package["manifest_path"] = sources.join("Cargo.toml").display().to_string().into();
    }
}

fn kept(graph: &Value) -> HashSet<String> {
    let packages = graph["packages"].as_array().map_or(&[][..], Vec::as_slice);
    let named = |names: &[&str]| -> HashSet<String> {
        packages
            .iter()
            .filter(|package| package["name"].as_str().is_some_and(|name| names.contains(&name)))
            .filter_map(|package| package["id"].as_str().map(str::to_owned))
            .collect()
    };
    let standard = named(&STANDARD_LIBRARY);
    if standard.len() == STANDARD_LIBRARY.len() {
        return standard;
    }
    let cells = named(&[CELLS]);
    let library: HashSet<String> = cells.iter().flat_map(|id| dependencies_of(graph, id)).collect();
    let types: Vec<&str> = packages
        .iter()
        .filter(|package| package["id"].as_str().is_some_and(|id| library.contains(id)))
        .flat_map(|package| {
            package["metadata"]["notebook"]["types"].as_array().map_or(&[][..], Vec::as_slice)
        })
        .filter_map(Value::as_str)
        .collect();
    let types = if library.is_empty() { HashSet::new() } else { named(&types) };
    cells.into_iter().chain(library).chain(types).collect()
}

fn dependencies_of(graph: &Value, id: &str) -> Vec<String> {
    let nodes = graph["resolve"]["nodes"].as_array().map_or(&[][..], Vec::as_slice);
    nodes
        .iter()
        .filter(|node| node["id"] == id)
        .flat_map(|node| node["dependencies"].as_array().map_or(&[][..], Vec::as_slice))
        .filter_map(|id| id.as_str().map(str::to_owned))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn names(graph: &Value) -> Vec<&str> {
        graph["packages"].as_array().unwrap().iter().map(|p| p["name"].as_str().unwrap()).collect()
    }

    #[test]
    fn the_cell_the_library_and_its_types_stay() {
        let package = |name: &str| json!({"id": name, "name": name, "source": "registry"});
        let mut library = package("unit8");
        library["metadata"] = json!({"notebook": {"types": ["tch"]}});
        let mut graph = json!({
            "packages": [
                package("ctx"), library, package("tch"), package("zip"), package("csv"),
            ],
            "resolve": {"nodes": [
                {"id": "ctx", "dependencies": ["unit8"], "deps": [{"pkg": "unit8"}]},
                {"id": "unit8", "dependencies": ["tch", "csv"],
                 "deps": [{"pkg": "tch"}, {"pkg": "csv"}]},
                {"id": "tch", "dependencies": ["zip"], "deps": [{"pkg": "zip"}]},
                {"id": "zip", "dependencies": [], "deps": []},
                {"id": "csv", "dependencies": [], "deps": []},
            ]},
        });
        filter(&mut graph);
        assert_eq!(names(&graph), ["ctx", "unit8", "tch"]);
        assert_eq!(graph["resolve"]["nodes"].as_array().unwrap().len(), 3);
        assert_eq!(graph["resolve"]["nodes"][1]["deps"], json!([{"pkg": "tch"}]));
    }

    #[test]
    fn of_the_library_only_the_sources_are_looked_at() {
        let lib = json!({"kind": ["lib"], "src_path": "/course/src/lib.rs"});
        let mut package =
            json!({"source": null, "manifest_path": "/course/Cargo.toml", "targets": [lib]});
        narrow(&mut package);
        assert_eq!(package["manifest_path"], "/course/src/Cargo.toml");
        package["source"] = json!("registry");
        package["manifest_path"] = json!("/registry/Cargo.toml");
        narrow(&mut package);
        assert_eq!(package["manifest_path"], "/registry/Cargo.toml");
    }

    #[test]
    fn the_standard_library_is_three_crates() {
        let all = ["core", "alloc", "std", "test", "hashbrown"];
        let packages: Vec<Value> = all.iter().map(|n| json!({"id": n, "name": n})).collect();
        let mut graph = json!({ "packages": packages, "resolve": null });
        filter(&mut graph);
        assert_eq!(names(&graph), STANDARD_LIBRARY);
    }
}
