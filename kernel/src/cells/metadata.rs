//! The graph of dependencies that rust-analyzer is shown.
//!
//! To infer the types of a cell's variables, evcxr runs rust-analyzer, and that reads the sources of
//! every package in the graph: a hundred packages and more, for types that a notebook never holds.
//! What stays is the cell's crate, what it depends on, and the crates that the library's Cargo.toml
//! lists under `[package.metadata.notebook] types`; their sources are the trimmed ones (see
//! [`crate::sources`]).

use crate::error::{Context, Result};
use crate::sources::CrateSource;
use crate::workspace::CELLS;
use serde_json::Value;
use std::collections::HashSet;
use std::path::Path;
use std::process::{Command, Stdio};

/// Runs `cargo metadata` and leaves what rust-analyzer needs.
///
/// # Errors
/// What cargo says: a dependency that there is not.
pub fn graph(cargo: &mut Command, target: &str) -> Result<Value> {
    cargo.args(["--format-version=1", "--filter-platform", target]).stdin(Stdio::null());
    let output = cargo.output().context("cargo metadata")?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    let mut graph = serde_json::from_slice(&output.stdout).context("cargo metadata")?;
    filter(&mut graph);
    Ok(graph)
}

/// The crates in a graph and the folders of their sources, without the cell's own.
pub fn crates(graph: &Value) -> Vec<CrateSource> {
    let sources = |package: &Value| {
        let name = package["name"].as_str().filter(|name| *name != CELLS)?.to_owned();
        let src_root =
            Path::new(library_target(package)?["src_path"].as_str()?).parent()?.to_owned();
        Some(CrateSource { name, src_root })
    };
    list(&graph["packages"]).iter().filter_map(sources).collect()
}

/// Names the trimmed sources of the crates that have some.
pub fn show_trimmed(graph: &mut Value, sources: &Path) {
    for package in graph["packages"].as_array_mut().into_iter().flatten() {
        let folder = sources.join("crates").join(package["name"].as_str().unwrap_or_default());
        if !folder.is_dir() || package["name"] == CELLS {
            continue;
        }
        package["manifest_path"] = folder.join("Cargo.toml").display().to_string().into();
        // The folder of every other target would be read as well: that of the build script is the whole
        // project, with all that was installed in it.
        retain(&mut package["targets"], is_library);
        for target in package["targets"].as_array_mut().into_iter().flatten() {
            let file = Path::new(target["src_path"].as_str().unwrap_or_default()).file_name();
            if let Some(file) = file {
                target["src_path"] = folder.join(file).display().to_string().into();
            }
        }
    }
}

/// Puts the cell's crate where evcxr has it, without dependencies if it has none yet.
pub fn move_cells(graph: &mut Value, folder: &Path, has_dependencies: bool) {
    let text = |path: &Path| Value::from(path.display().to_string());
    graph["workspace_root"] = text(folder);
    graph["target_directory"] = text(&folder.join("target"));
    for package in graph["packages"].as_array_mut().into_iter().flatten() {
        if package["name"] == CELLS {
            package["manifest_path"] = text(&folder.join("Cargo.toml"));
            package["targets"][0]["src_path"] = text(&folder.join("src/lib.rs"));
            if !has_dependencies {
                package["dependencies"] = Value::Array(Vec::new());
            }
        }
    }
    if !has_dependencies {
        retain(&mut graph["packages"], |package| package["name"] == CELLS);
        let kept: HashSet<String> = ids(&graph["packages"], |_| true).collect();
        narrow(&mut graph["resolve"]["nodes"], &kept);
    }
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn retain(value: &mut Value, keep: impl Fn(&Value) -> bool) {
    if let Some(list) = value.as_array_mut() {
        list.retain(keep);
    }
}

fn ids<'a>(
    packages: &'a Value,
    wanted: impl Fn(&Value) -> bool + 'a,
) -> impl Iterator<Item = String> + 'a {
    let packages = list(packages).iter().filter(move |package| wanted(package));
    packages.filter_map(|package| package["id"].as_str().map(str::to_owned))
}

fn is_library(target: &Value) -> bool {
    list(&target["kind"]).iter().any(|kind| kind.as_str().is_some_and(|kind| kind.ends_with("lib")))
}

fn library_target(package: &Value) -> Option<&Value> {
    list(&package["targets"]).iter().find(|target| is_library(target))
}

/// Keeps the packages named above, and the edges between them.
fn filter(graph: &mut Value) {
    let kept = kept(graph);
    retain(&mut graph["packages"], |package| {
        package["id"].as_str().is_some_and(|id| kept.contains(id))
    });
    narrow(&mut graph["resolve"]["nodes"], &kept);
}

fn narrow(nodes: &mut Value, kept: &HashSet<String>) {
    let is_kept = |id: &Value| id.as_str().is_some_and(|id| kept.contains(id));
    retain(nodes, |node| is_kept(&node["id"]));
    for node in nodes.as_array_mut().into_iter().flatten() {
        retain(&mut node["deps"], |dep| is_kept(&dep["pkg"]));
        retain(&mut node["dependencies"], is_kept);
    }
}

fn kept(graph: &Value) -> HashSet<String> {
    let packages = &graph["packages"];
    let cells: HashSet<String> = ids(packages, |package| package["name"] == CELLS).collect();
    let direct = list(&graph["resolve"]["nodes"])
        .iter()
        .filter(|node| node["id"].as_str().is_some_and(|id| cells.contains(id)))
        .flat_map(|node| list(&node["dependencies"]))
        .filter_map(|id| id.as_str().map(str::to_owned));
    let mut kept: HashSet<String> = direct.chain(cells.iter().cloned()).collect();
    let types: Vec<&Value> = list(packages)
        .iter()
        .filter(|package| package["id"].as_str().is_some_and(|id| kept.contains(id)))
        .flat_map(|package| list(&package["metadata"]["notebook"]["types"]))
        .collect();
    let types: Vec<String> = ids(packages, |package| types.contains(&&package["name"])).collect();
    kept.extend(types);
    kept
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn example() -> Value {
        let package = |name: &str| {
            json!({"id": name, "name": name, "source": "registry", "manifest_path": "/r/Cargo.toml",
                "dependencies": [1], "targets": [{"kind": ["lib"], "src_path": "/r/src/lib.rs"}]})
        };
        let mut library = package("unit8");
        library["metadata"] = json!({"notebook": {"types": ["tch"]}});
        for (kind, path) in [("example", "/r/examples/a.rs"), ("custom-build", "/r/build.rs")] {
            let target = json!({"kind": [kind], "src_path": path});
            library["targets"].as_array_mut().unwrap().push(target);
        }
        json!({
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
        })
    }

    fn names(graph: &Value) -> Vec<&str> {
        graph["packages"].as_array().unwrap().iter().map(|p| p["name"].as_str().unwrap()).collect()
    }

    #[test]
    fn the_cell_the_library_and_its_types_stay() {
        let mut graph = example();
        filter(&mut graph);
        assert_eq!(names(&graph), ["ctx", "unit8", "tch"]);
        assert_eq!(graph["resolve"]["nodes"].as_array().unwrap().len(), 3);
        assert_eq!(graph["resolve"]["nodes"][1]["deps"], json!([{"pkg": "tch"}]));
    }

    #[test]
    fn trimmed_sources_take_the_place_of_whole_ones() {
        let folder = std::env::temp_dir().join(format!("kernel-trimmed-{}", std::process::id()));
        std::fs::create_dir_all(folder.join("crates/tch")).unwrap();
        std::fs::create_dir_all(folder.join("crates/unit8")).unwrap();
        let mut graph = example();
        show_trimmed(&mut graph, &folder);
        let at = |path: &str| json!(folder.join(path).display().to_string());
        assert_eq!(graph["packages"][2]["manifest_path"], at("crates/tch/Cargo.toml"));
        assert_eq!(graph["packages"][2]["targets"][0]["src_path"], at("crates/tch/lib.rs"));
        // Of the library, too, nothing is left that is not below its trimmed sources.
        let library = json!([{"kind": ["lib"], "src_path": at("crates/unit8/lib.rs")}]);
        assert_eq!(graph["packages"][1]["targets"], library);
        assert_eq!(graph["packages"][3]["manifest_path"], "/r/Cargo.toml");
        std::fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn a_cell_before_the_first_dep_has_no_dependencies() {
        let mut graph = example();
        move_cells(&mut graph, Path::new("/k/ctx"), false);
        assert_eq!(names(&graph), ["ctx"]);
        assert_eq!(graph["packages"][0]["manifest_path"], "/k/ctx/Cargo.toml");
        assert_eq!(graph["packages"][0]["dependencies"], json!([]));
        assert_eq!(graph["resolve"]["nodes"][0]["deps"], json!([]));
    }
}
