"""Variables, memory, threads, and what Jupyter's stop button does."""

import random
import time

import psutil
import pytest
from conftest import DEP, Kernel

TRAINING = """
use unit8::{Classifier, CountVectorizer, DataLoader, Features, Optimizer, Trainer};
pub struct Model { store: tch::nn::VarStore, linear: tch::nn::Linear }
impl Classifier<Features> for Model {
    fn forward(&self, features: &Features) -> Tensor { features.linear(&self.linear) }
    fn var_store(&self) -> &tch::nn::VarStore { &self.store }
}
let texts: Vec<String> = (0..4000).map(|i| format!("word{} word{}", i % 7, i % 11)).collect();
let (vectorizer, counts) = CountVectorizer::default().fit_transform(&texts)?;
let store = tch::nn::VarStore::new(tch::Device::Cpu);
let linear = tch::nn::linear(store.root(), counts.shape().1 as i64, 2, Default::default());
let model = Model { store, linear };
let labels: Vec<i64> = (0..4000).map(|i| i % 2).collect();
let data = DataLoader::new(counts, labels, 4)?;
"""
ENDLESS_FIT = """
let trainer = Trainer { num_epochs: 1_000_000, learning_rate: 0.01, optimizer: Optimizer::Sgd, ..Default::default() };
let history = trainer.fit(&model, &data, &data)?;
"""


def test_types_are_inferred_and_values_shown(loaded):
    assert loaded.value("let lengths = vec![1usize, 2, 3]; lengths.len()") == "3"
    assert loaded.value("let sum: usize = lengths.iter().map(|n| n * 2).sum(); sum") == "12"
    assert loaded.value("let x = Tensor::from_slice(&[1.0f32, 2.0]) * 2.0; x.size()") == "[2]"
    assert loaded.value("x.sum(tch::Kind::Float).double_value(&[])") == "6.0"


def test_full_memory_is_an_error_that_keeps_the_variables(loaded):
    # One tensor after another, none of them too large alone. Nothing is written to them, so that the
    # machine itself doesn't notice.
    # libtorch's threads are there in each lesson by then: a thread, too, takes memory.
    loaded.run("let mut kept: Vec<Tensor> = vec![Tensor::ones([1_000_000], (tch::Kind::Float, tch::Device::Cpu))];")
    gigabytes = psutil.virtual_memory().total // 10**9
    status, text, _ = loaded.run(
        f"""
        let gigabyte = (tch::Kind::Uint8, tch::Device::Cpu);
        for _ in 0..{2 * gigabytes} {{ kept.push(Tensor::f_empty([1_000_000_000], gigabyte).map_err(unit8::Error::from)?); }}
        """
    )
    assert "out of memory: take a smaller batch_size" in text, text
    assert int(loaded.value("kept.len()")) <= gigabytes
    loaded.run("kept.clear();")
    assert loaded.value("Tensor::ones([1_000_000], (tch::Kind::Float, tch::Device::Cpu)).numel()") == "1000000"


def test_a_thread_starts_although_memory_is_full(kernel):
    # As when a library starts its threads late; it would end the process. No stack of this size is
    # left over from another thread.
    status, text, _ = kernel.run(
        """
        unsafe extern "C" { fn getrlimit(which: i32, limits: *mut u64) -> i32; fn setrlimit(which: i32, limits: *const u64) -> i32; }
        {
            let (mut before, mut after) = ([0u64; 2], [0u64; 2]);
            unsafe { getrlimit(2, before.as_mut_ptr()); setrlimit(2, [4096, before[1]].as_ptr()); }
            let answer = std::thread::Builder::new().stack_size(64 << 20).spawn(|| 42).map(|thread| thread.join().unwrap());
            unsafe { getrlimit(2, after.as_mut_ptr()); setrlimit(2, before.as_ptr()); }
            println!("{:?}, and the limit is {} again", answer.ok(), after[0]);
        }
        """
    )
    assert (status, text) == ("ok", "Some(42), and the limit is 4096 again\n")


def test_a_stop_during_fit_keeps_all_variables(loaded):
    assert loaded.run(TRAINING)[0] == "ok"
    message = loaded.send(ENDLESS_FIT)
    loaded.wait_until_it_shows(message)
    time.sleep(1)
    loaded.stop()
    status, text, _ = loaded.answer(message)
    _, figure = loaded.outputs[-2]
    assert status == "ok" and "stopped after" in figure["data"]["text/plain"], loaded.outputs[-2:]
    assert loaded.value("history.stopped") == "true"
    assert loaded.value("texts.len()") == "4000"


def test_a_stop_says_that_fit_has_heard_it(loaded):
    # Nothing looks at the stop here, but something listens, as in the middle of a long step.
    message = loaded.send(
        """
        { extern "C" fn heard(_: i32) {} unsafe extern "C" { fn signal(signal: i32, to: extern "C" fn(i32)) -> usize; }
          unsafe { signal(2, heard) };
          println!("begun");
          std::thread::sleep(std::time::Duration::from_secs(12)); }
        """
    )
    loaded.wait_until_it_shows(message)
    loaded.stop()
    status, text, _ = loaded.answer(message)
    assert status == "ok" and "the stop was heard" in text and "second stop" not in text, text


def test_ten_stops_at_random_moments_leave_ten_live_kernels(loaded):
    assert loaded.run(TRAINING)[0] == "ok"
    moments = random.Random(8)
    for round_number in range(10):
        message = loaded.send(ENDLESS_FIT)
        # A stop while the cell compiles ends it with an error, one during `fit` with a history, and
        # one in the moment between is repeated.
        time.sleep(moments.uniform(0.05, 2.5))
        loaded.stop()
        loaded.answer(message)
        assert loaded.value("texts.len()") == "4000", f"round {round_number}"


def test_a_second_stop_ends_any_cell(loaded):
    message = loaded.send('println!("begun"); loop { std::hint::black_box(1); }')
    loaded.wait_until_it_shows(message)
    loaded.stop()
    time.sleep(0.5)
    loaded.stop()
    status, text, _ = loaded.answer(message)
    assert status == "error", text
    assert loaded.value("1 + 1") == "2"


def test_two_stops_while_a_cell_compiles_keep_the_variables(loaded):
    loaded.run("let kept = String::from(\"here\");")
    functions = "\n".join(
        f"pub fn f{i}(x: &[f64]) -> Vec<f64> {{ x.iter().map(|v| v * {i}.0).filter(|v| *v > 1.0).collect() }}"
        for i in range(3000)
    )
    message = loaded.send(functions)
    time.sleep(1.0)
    loaded.stop()
    time.sleep(0.3)
    loaded.stop()
    loaded.answer(message)
    assert loaded.value("kept.len()") == "4"


def test_two_stops_of_an_idle_kernel_change_nothing(loaded):
    loaded.run("let kept = 7;")
    loaded.stop()
    time.sleep(0.2)
    loaded.stop()
    time.sleep(0.5)
    assert loaded.value("kept") == "7"


@pytest.mark.parametrize(
    "code",
    [
        "loop { std::hint::black_box(1); }",
        'print!("no newline"); std::io::Write::flush(&mut std::io::stdout()).unwrap(); loop {}',
        "loop { println!(\"y\"); }",
        'std::process::Command::new("sleep").arg("600").status().unwrap();',
        'std::process::Command::new("sh").args(["-c", "sleep 600 & sleep 600"]).status().unwrap();',
        "std::thread::sleep(std::time::Duration::from_secs(600));",
        "{ let lock = std::sync::Mutex::new(0); let _a = lock.lock(); let _b = lock.lock(); }",
        "std::sync::mpsc::channel::<u8>().1.recv().ok(); loop {}",
        'println!("EVCXR_BEGIN_CONTENT text/html"); loop {}',
    ],
)
def test_two_stops_end_any_cell_and_all_that_it_started(shared, code):
    kernel = shared
    message = kernel.send(f'println!("begun"); {code}')
    kernel.wait_until_it_shows(message)
    assert kernel.answer_within(message, timeout=1) is None, "it should hang"
    started = psutil.Process(kernel.pid).children(recursive=True)
    sleepers = [process for process in started if process.name() == "sleep"]
    kernel.stop()
    time.sleep(1)
    kernel.stop()
    status, text, _ = kernel.answer(message)
    assert status == "error" and "second stop" in text, text
    assert kernel.value("1 + 1") == "2"
    _, alive = psutil.wait_procs(sleepers, timeout=10)
    assert not alive


def test_a_stop_says_what_a_second_one_would_do(kernel):
    message = kernel.send('println!("begun"); loop {}')
    kernel.wait_until_it_shows(message)
    kernel.stop()
    time.sleep(3)
    kernel.stop()
    assert "a second stop ends it" in kernel.answer(message)[1]


def test_a_stop_ends_the_cells_that_wait_behind(loaded):
    assert loaded.run(TRAINING)[0] == "ok"
    training, behind = loaded.send(ENDLESS_FIT), loaded.send("let after = 1;")
    loaded.wait_until_it_shows(training)
    loaded.stop()
    assert loaded.reply_to(training)["status"] == "ok"
    assert loaded.reply_to(behind)["status"] == "aborted"
    assert loaded.value("history.stopped") == "true"


def threads(kernel):
    """Those of the process in which the cells run."""
    (cells,) = [
        process
        for process in psutil.Process(kernel.pid).children(recursive=True)
        if process.name() == process.parent().name() == "evcxr_jupyter"
    ]
    return cells.num_threads()


def test_threads_do_not_pile_up(loaded):
    code = """
        let words: Vec<String> = (0..2000).map(|i| format!("word{} word{}", i % 7, i % 11)).collect();
        let (_, counts) = unit8::CountVectorizer::default().fit_transform(&words)?;
        let sum = counts.shape().0;
    """
    assert loaded.run(code)[0] == "ok"
    loaded.run(code)
    after_two = threads(loaded)
    for _ in range(20):
        assert loaded.run(code)[0] == "ok"
    assert threads(loaded) <= after_two
