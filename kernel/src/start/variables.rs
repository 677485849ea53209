//! The variables of a notebook, read off the code that evcxr wrote last.

use std::collections::HashMap;
use std::path::Path;

/// The types of the variables, from evcxr's crate: it holds either the last cell, or what
/// rust-analyzer was asked about.
pub fn types_of_variables(cells: &Path) -> HashMap<String, String> {
    types(&std::fs::read_to_string(cells.join("src/lib.rs")).unwrap_or_default())
}

fn types(source: &str) -> HashMap<String, String> {
    let mut types = HashMap::new();
    let mut in_arguments = false;
    for line in source.lines().map(str::trim) {
        if line == "async fn evcxr_analysis_wrapper(" {
            in_arguments = true;
        } else if line.starts_with(')') {
            in_arguments = false;
        } else if in_arguments && let Some((name, kind)) = line.split_once(": ") {
            let name = name.strip_prefix("mut ").unwrap_or(name);
            types.insert(name.to_owned(), kind.trim_end_matches(',').to_owned());
        } else if let Some((kind, name)) = stored(line) {
            types.insert(name.to_owned(), kind.to_owned());
        }
    }
    types
}

/// `.. = evcxr_variable_store.take_variable::<TYPE>(stringify!(NAME));`, or `put_variable`
fn stored(line: &str) -> Option<(&str, &str)> {
    let call = line.split_once("evcxr_variable_store.")?.1;
    let generic = call.strip_prefix("take_variable::<").or(call.strip_prefix("put_variable::<"))?;
    let (kind, rest) = generic.rsplit_once(">(stringify!(")?;
    Some((kind, rest.split_once(')')?.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_read_off_both_kinds_of_code() {
        let compiled = "let mut model = evcxr_variable_store.take_variable::<Model>(stringify!(model));\n\
             evcxr_variable_store.put_variable::<Vec<(i32, f64)>>(stringify!(pairs), pairs);";
        let analysed = "async fn evcxr_analysis_wrapper(\nmut model: Model,\npairs: Vec<(i32, f64)>,\n\
                        ) -> Result<(), EvcxrUserCodeError> {\nlet x: i32 = 1;";
        for source in [compiled, analysed] {
            let types = types(source);
            assert_eq!(types.len(), 2, "{types:?}");
            assert_eq!(
                (types["model"].as_str(), types["pairs"].as_str()),
                ("Model", "Vec<(i32, f64)>")
            );
        }
    }
}
