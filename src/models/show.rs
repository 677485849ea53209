//! How a model shows itself: the tree of its modules.

use super::AutoModelForSequenceClassification;
use crate::display::{Html, Show, caption, escape, thousands};
use tch::Device;

/// A module, or a parameter, which has a shape and no children.
#[derive(Debug, PartialEq)]
struct Node {
    name: String,
    shape: Option<Vec<i64>>,
    total: usize,
    trainable: usize,
    children: Vec<Node>,
}

impl Node {
    fn new(name: &str) -> Node {
        Node { name: name.to_owned(), shape: None, total: 0, trainable: 0, children: Vec::new() }
    }

    /// The child at the end of a path, made where it is not there; all on the way count it.
    fn add(&mut self, path: &[&str], shape: Vec<i64>, trained: bool) {
        let count = shape.iter().product::<i64>() as usize;
        self.total += count;
        self.trainable += if trained { count } else { 0 };
        let Some((first, rest)) = path.split_first() else {
            self.shape = Some(shape);
            return;
        };
        let place = self.children.iter().position(|child| child.name == *first);
        let place = place.unwrap_or_else(|| {
            self.children.push(Node::new(first));
            self.children.len() - 1
        });
        self.children[place].add(rest, shape, trained);
    }

    /// Whether two nodes differ in nothing but their names.
    fn like(&self, other: &Node) -> bool {
        (&self.shape, self.total, self.trainable) == (&other.shape, other.total, other.trainable)
            && self.children == other.children
    }

    /// "weight [2, 384], bias [2]"
    fn shapes(&self) -> String {
        let shape = |child: &Node| Some(format!("{} {:?}", child.name, child.shape.as_ref()?));
        self.children.iter().filter_map(shape).collect::<Vec<_>>().join(", ")
    }

    /// The lines of the tree, indented: name, shapes, parameters, those that are trained. Equal
    /// blocks that follow each other are one line, and so is a layer with its own parameters.
    fn lines(&self, depth: usize, out: &mut Vec<[String; 4]>) {
        let modules: Vec<&Node> =
            self.children.iter().filter(|child| child.shape.is_none()).collect();
        let mut rest = modules.as_slice();
        while let Some(child) = rest.first() {
            let equal = rest.iter().take_while(|other| other.like(child)).count();
            let numbered = child.name.parse::<usize>().is_ok();
            let count = if numbered { equal } else { 1 };
            let name = match rest.get(count - 1) {
                Some(last) if count > 1 => {
                    format!("{} to {}: {count} blocks of", child.name, last.name)
                }
                _ => child.name.clone(),
            };
            let indented = format!("{}{name}", "  ".repeat(depth));
            let [total, trainable] = [child.total, child.trainable].map(thousands);
            out.push([indented, child.shapes(), total, trainable]);
            child.lines(depth + 1, out);
            rest = &rest[count..];
        }
    }
}

impl AutoModelForSequenceClassification {
    /// Shows the tree of the modules, with shapes and parameters, in the notebook.
    pub fn evcxr_display(&self) {
        self.to_html().evcxr_display();
    }

    /// The lines of the tree, indented: name, shape, parameters, those that are trained.
    pub(super) fn tree(&self) -> Vec<[String; 4]> {
        let mut root = Node::new("");
        for (name, tensor) in self.named_parameters() {
            let path: Vec<&str> = name.split('.').collect();
            root.add(&path, tensor.size(), tensor.requires_grad());
        }
        let mut lines = Vec::new();
        root.lines(0, &mut lines);
        lines
    }

    /// One line: name, kind, size, where it is.
    pub(super) fn summary(&self) -> String {
        let count = self.count_parameters();
        let short = |count: usize| match count {
            0..100_000 => thousands(count),
            _ => format!("{:.1} M", count as f64 / 1e6),
        };
        let architecture = self.config.architecture.names().spoken;
        let place = if self.store.device() == Device::Cpu { "CPU" } else { "GPU" };
        format!(
            "{}: {architecture}, {} parameters, {} of them trainable, on the {place}",
            self.name,
            short(count.total),
            short(count.trainable),
        )
    }
}

impl Show for AutoModelForSequenceClassification {
    fn to_html(&self) -> Html {
        let (summary, lines) = (self.summary(), self.tree());
        let text: String = lines
            .iter()
            .map(|[name, shape, total, trained]| {
                format!("\n{name:<36} {shape:<36} {total:>10} {trained:>11}")
            })
            .collect();
        Html::new(html(&summary, &lines)).with_text(summary + &text)
    }
}

fn html(summary: &str, lines: &[[String; 4]]) -> String {
    let right = "text-align:right";
    let rows: String = lines
        .iter()
        .map(|[name, shape, total, trained]| {
            let frozen = if trained == "0" { "opacity:0.6" } else { "" };
            format!(
                "<tr style=\"{frozen}\"><td style=\"text-align:left;white-space:pre;\
                 font-family:monospace\">{}</td><td style=\"text-align:left\">{}</td>\
                 <td style=\"{right}\">{total}</td><td style=\"{right}\">{trained}</td></tr>",
                escape(name),
                escape(shape),
            )
        })
        .collect();
    format!(
        "<table>{}<thead><tr><th style=\"text-align:left\">module</th>\
         <th style=\"text-align:left\">shape</th><th>parameters</th><th>trainable</th></tr></thead>\
         <tbody>{rows}</tbody></table>",
        caption(summary)
    )
}
