"""What a beginner writes after `let`, and the type that the kernel finds for it.

rust-analyzer reads trimmed sources (kernel/src/sources): each of these types was found with the
original ones, too."""

USES = """
use unit8::*;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};
use std::rc::Rc;
use std::sync::{Arc, Mutex, mpsc};
use std::time::{Duration, Instant};
use unit8::polars::prelude::*;
#[derive(Clone, Debug, PartialEq)]
pub struct Pair<T> { left: T, right: T }
impl<T: Clone> Pair<T> { pub fn swap(&self) -> Pair<T> { Pair { left: self.right.clone(), right: self.left.clone() } } }
pub fn half(x: f64) -> Option<f64> { if x > 0.0 { Some(x / 2.0) } else { None } }
"""

# A cell, and the types of the variables that it defines, as `:vars` shows them.
CELLS = [
    ("let v = vec![1, 2, 3];", {"v": "Vec<i32>"}),
    ("let words = \"good bad good\".split(' ').collect::<Vec<_>>();", {"words": "Vec<&str>"}),
    ("let owned: Vec<_> = words.iter().map(|w| w.to_owned()).collect();", {"owned": "Vec<&str>"}),
    ("let texts: Vec<_> = words.iter().map(|w| w.to_string()).collect();", {"texts": "Vec<String>"}),
    ("let sum = v.iter().map(|x| *x as usize).sum::<usize>();", {"sum": "usize"}),
    ("let mean = v.iter().sum::<i32>() as f64 / v.len() as f64;", {"mean": "f64"}),
    ("let pairs: Vec<_> = v.iter().copied().zip(words.iter().cloned()).collect();", {"pairs": "Vec<(i32, &str)>"}),
    ("let (a, mut b) = (1.5f32, \"b\".to_string());", {"a": "f32", "b": "String"}),
    ("let (small, large): (Vec<i32>, Vec<i32>) = (0..9).partition(|n| *n < 3);", {"small": "Vec<i32>", "large": "Vec<i32>"}),
    ("let m: HashMap<_, _> = words.iter().map(|w| (*w, w.len())).collect();", {"m": "HashMap<&str, usize>"}),
    ("let mut counts = HashMap::new(); for w in &texts { *counts.entry(w.clone()).or_insert(0usize) += 1; }", {"counts": "HashMap<String, usize>"}),
    ("let good = counts[\"good\"];", {"good": "usize"}),
    ("let most = counts.iter().max_by_key(|(_, n)| **n).map(|(w, n)| (w.clone(), *n));", {"most": "Option<(String, usize)>"}),
    ("let mut sorted: Vec<_> = counts.clone().into_iter().collect(); sorted.sort_by_key(|(_, n)| std::cmp::Reverse(*n));", {"sorted": "Vec<(String, usize)>"}),
    ("let Some(first) = words.first().copied() else { panic!() };", {"first": "&str"}),
    ("let ordered: BTreeMap<_, _> = counts.clone().into_iter().collect();", {"ordered": "BTreeMap<String, usize>"}),
    ("let set: HashSet<_> = texts.iter().cloned().collect();", {"set": "HashSet<String>"}),
    ("let letters: BTreeSet<_> = \"banana\".chars().collect();", {"letters": "BTreeSet<char>"}),
    ("let mut queue = VecDeque::from([1u8, 2]); queue.push_back(3); let front = queue.pop_front();", {"queue": "VecDeque<u8>", "front": "Option<u8>"}),
    ("let start = Instant::now();", {"start": "Instant"}),
    ("let took = start.elapsed();", {"took": "Duration"}),
    ("let second = Duration::from_secs(1) + took;", {"second": "Duration"}),
    ("let line = format!(\"{:.2}\", mean);", {"line": "String"}),
    ("let backwards = line.chars().rev().collect::<String>();", {"backwards": "String"}),
    ("let number = \"42\".parse::<i64>()?;", {"number": "i64"}),
    ("let numbers: Vec<f64> = \"1 2.5\".split_whitespace().map(|n| n.parse().unwrap()).collect();", {"numbers": "Vec<f64>"}),
    ("let tried: std::result::Result<Vec<_>, _> = \"1 x\".split(' ').map(|n| n.parse::<i32>()).collect();", {"tried": "std::prelude::v1::Result<Vec<i32>, std::num::ParseIntError>"}),
    ("let largest = numbers.iter().copied().fold(f64::NEG_INFINITY, f64::max);", {"largest": "f64"}),
    ("let root = (largest.powi(2) + 1.0).sqrt().ln();", {"root": "f64"}),
    ("let halved = half(mean).and_then(half).unwrap_or_default();", {"halved": "f64"}),
    ("let text = std::fs::read_to_string(\"/proc/version\")?;", {"text": "String"}),
    ("let lines: Vec<_> = text.lines().map(str::trim).map(str::to_owned).collect();", {"lines": "Vec<String>"}),
    ("let array = [0.5; 4];", {"array": "[f64; 4]"}),
    ("let doubled = array.map(|x| x * 2.0);", {"doubled": "[f64; 4]"}),
    ("let moving: Vec<f64> = numbers.windows(2).map(|w| (w[0] + w[1]) / 2.0).collect();", {"moving": "Vec<f64>"}),
    ("let chunks: Vec<Vec<_>> = v.chunks(2).map(|c| c.to_vec()).collect();", {"chunks": "Vec<Vec<i32>>"}),
    ("let squares = (1..=3u64).map(|n| n.pow(2)).collect::<Vec<_>>();", {"squares": "Vec<u64>"}),
    ("let range = 0..10usize;", {"range": "std::ops::Range<usize>"}),
    ("let nested: Vec<Option<(usize, char)>> = vec![None, \"ab\".chars().enumerate().next()]; let inner: Vec<_> = nested.iter().flatten().cloned().collect();", {"nested": "Vec<Option<(usize, char)>>", "inner": "Vec<(usize, char)>"}),
    ("let f: Box<dyn Fn(f64) -> f64> = Box::new(|x| x + 1.0); let y = f(2.0);", {"y": "f64"}),
    ("let three = { let add = |x: i32| x + 1; add(2) };", {"three": "i32"}),
    ("let shared = Rc::new(RefCell::new(vec![1.0])); let other = Rc::clone(&shared);", {"shared": "Rc<RefCell<Vec<f64>>>", "other": "Rc<RefCell<Vec<f64>>>"}),
    ("let counter = Arc::new(Mutex::new(0u32)); let inside = counter.clone(); let answer = std::thread::spawn(move || { *inside.lock().unwrap() += 1; 42i64 }).join().unwrap();", {}),
    ("let (sender, receiver) = mpsc::channel(); sender.send(\"hi\".to_owned())?; let got = receiver.recv()?;", {"got": "String"}),
    ("let pair = Pair { left: 1.0, right: 2.0 }; let swapped = pair.swap();", {"pair": "Pair<f64>", "swapped": "Pair<f64>"}),
    ("let label = match v.len() { 0 => \"none\", _ => \"some\" };", {"label": "&str"}),
    ("let grid = vec![vec![0i64; 3]; 2]; let total: i64 = grid.iter().flatten().sum();", {"grid": "Vec<Vec<i64>>", "total": "i64"}),
    ("let joined = words.join(\", \") + \"!\";", {"joined": "String"}),
    ("let lengths = words.iter().map(|w| w.len()).collect::<Vec<_>>(); let longest = lengths.iter().max().copied().unwrap_or(0);", {"lengths": "Vec<usize>", "longest": "usize"}),
    ("let t = Tensor::from_slice(&[1.0f32, 2.0]);", {"t": "Tensor"}),
    ("let scaled = (&t * 2.0 + 1.0).softmax(-1, tch::Kind::Float);", {"scaled": "Tensor"}),
    ("let size = t.size(); let n = t.size1()?;", {"size": "Vec<i64>", "n": "i64"}),
    ("let values = Vec::<f32>::try_from(&t)?;", {"values": "Vec<f32>"}),
    ("let value = t.mean(tch::Kind::Float).double_value(&[]);", {"value": "f64"}),
    ("let split = Tensor::arange(6, (tch::Kind::Int64, tch::Device::Cpu)).split(2, 0);", {"split": "Vec<Tensor>"}),
    ("let store = tch::nn::VarStore::new(tch::Device::Cpu); let linear = tch::nn::linear(store.root(), 2, 2, Default::default());", {"store": "tch::nn::VarStore", "linear": "tch::nn::Linear"}),
    ("let (vectorizer, matrix) = CountVectorizer::default().fit_transform(&texts)?;", {"vectorizer": "FittedVectorizer", "matrix": "CountMatrix"}),
    ("let shape = matrix.shape();", {"shape": "(usize, usize)"}),
    ("let loader = DataLoader::new(matrix, vec![0i64; texts.len()], 2)?;", {"loader": "DataLoader<CountMatrix>"}),
    ("let trainer = Trainer { num_epochs: 2, ..Default::default() }; let rate = trainer.learning_rate;", {"trainer": "Trainer", "rate": "f64"}),
    ("let frame = DataFrame::new(2, vec![Column::new(\"a\".into(), [1i64, 2]), Column::new(\"b\".into(), [0.5, 1.5])])?;", {"frame": "DataFrame"}),
    ("let height = frame.height(); let column = frame.column(\"b\")?.clone(); let mean_b = frame.column(\"b\")?.f64()?.mean();", {"height": "usize", "column": "Column", "mean_b": "Option<f64>"}),
    ("let floats: Vec<f64> = column.f64()?.into_no_null_iter().collect();", {"floats": "Vec<f64>"}),
    ("let bytes = 258u32.to_be_bytes();", {"bytes": "[u8; 4]"}),
]


def test_the_types_of_what_beginners_write_are_inferred(loaded):
    status, text, _ = loaded.run(USES)
    assert status == "ok", text
    wrong = []
    for cell, types in CELLS:
        status, text, _ = loaded.run(cell)
        if status != "ok" or text:
            wrong.append((cell, text))
            continue
        _, shown, table = loaded.run(":vars")
        known = dict(line.split(": ", 1) for line in (table or shown).splitlines() if ": " in line)
        wrong += [(cell, name, known.get(name)) for name in types if known.get(name) != types[name]]
    assert not wrong, "\n".join(map(str, wrong))
