//! Jupyter's stop button, which is a signal to the whole process: so these tests are a program of their
//! own, and run one after the other.

use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;
use unit8::tch::{Device, Tensor, nn};
use unit8::{
    AutoModelForSequenceClassification, Classifier, CountMatrix, CountVectorizer, DataLoader,
    Error, Features, Optimizer, Trainer,
};

static ONE: Mutex<()> = Mutex::new(());

/// As in a kernel: the signal does nothing while nobody listens.
fn alone() -> MutexGuard<'static, ()> {
    let guard = ONE.lock().unwrap_or_else(PoisonError::into_inner);
    // SAFETY: no handler of ours is replaced.
    unsafe { libc::signal(libc::SIGINT, libc::SIG_IGN) };
    guard
}

fn stop() {
    // SAFETY: sends this process a signal that it ignores or listens to.
    unsafe { libc::kill(libc::getpid(), libc::SIGINT) };
}

/// Presses stop again and again while something runs.
fn while_pressing<R>(work: impl FnOnce() -> R) -> R {
    let over = AtomicBool::new(false);
    std::thread::scope(|threads| {
        threads.spawn(|| {
            while !over.load(Ordering::Relaxed) {
                std::thread::sleep(Duration::from_millis(5));
                stop();
            }
        });
        let result = work();
        over.store(true, Ordering::Relaxed);
        result
    })
}

struct Model {
    store: nn::VarStore,
    linear: nn::Linear,
}

impl Classifier<Features> for Model {
    fn forward(&self, features: &Features) -> Tensor {
        features.linear(&self.linear)
    }

    fn var_store(&self) -> &nn::VarStore {
        &self.store
    }
}

impl Model {
    fn new() -> Model {
        let store = nn::VarStore::new(Device::Cpu);
        Model { linear: nn::linear(store.root(), 3, 2, Default::default()), store }
    }
}

/// Three words; the class of a text is whether it says "good".
fn words() -> DataLoader<CountMatrix> {
    let texts = ["good film", "bad film"].repeat(25);
    let (_, counts) = CountVectorizer::default().fit_transform(&texts).unwrap();
    DataLoader::new(counts, [1, 0].repeat(25), 8).unwrap()
}

#[test]
fn a_stop_ends_fit_and_leaves_the_model() {
    let _alone = alone();
    let (model, data) = (Model::new(), words());
    let learning = Trainer {
        num_epochs: 20,
        learning_rate: 0.5,
        optimizer: Optimizer::Sgd,
        ..Default::default()
    };
    learning.fit(&model, &data, &data).unwrap();
    let endless = Trainer { num_epochs: usize::MAX / 1000, ..learning.clone() };
    let history = while_pressing(|| endless.fit(&model, &data, &data)).unwrap();
    assert!(history.stopped);
    assert_eq!(learning.evaluate(&model, &data).unwrap().accuracy, 1.0);
}

#[test]
fn a_stop_ends_the_measuring_of_the_speed() {
    let _alone = alone();
    let (model, data) = (Model::new(), words());
    let error = while_pressing(|| Trainer::default().speed(&model, &data)).unwrap_err();
    assert!(matches!(error, Error::Stopped(_)), "{error}");
}

/// A text that takes a while to read, and whose hundredth reading is when stop is pressed.
struct Slow<'a>(&'a AtomicUsize);

impl AsRef<str> for Slow<'_> {
    fn as_ref(&self) -> &str {
        match self.0.fetch_add(1, Ordering::Relaxed) {
            100 => stop(),
            _ => std::thread::sleep(Duration::from_millis(1)),
        }
        "a good film"
    }
}

#[test]
fn a_stop_ends_the_counting_of_words() {
    let _alone = alone();
    let (fitted, _) = CountVectorizer::default().fit_transform(&["good film"]).unwrap();
    let read = AtomicUsize::new(0);
    let texts: Vec<Slow<'_>> = (0..50_000).map(|_| Slow(&read)).collect();
    let stopped = |error: Error| {
        assert!(matches!(error, Error::Stopped(_)), "{error}");
        assert!(read.swap(0, Ordering::Relaxed) < 50_000, "it went on to the end");
    };
    stopped(CountVectorizer::default().fit(&texts).unwrap_err());
    stopped(CountVectorizer::default().fit_transform(&texts).map(drop).unwrap_err());
    stopped(fitted.transform(&texts).unwrap_err());
    assert_eq!(fitted.transform(&["good", "bad"]).unwrap().column_sums(), [0.0, 1.0]);
}

#[test]
fn a_stop_ends_the_loading_of_a_model() {
    let _alone = alone();
    let tiny = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/models/distilbert");
    let folder = std::env::temp_dir().join(format!("unit8-stops-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    for file in ["config.json", "tokenizer.json"] {
        std::fs::copy(tiny.join(file), folder.join(file)).unwrap();
    }
    // A gigabyte of nothing, which is no model: who reads it to its end says so.
    let weights = std::fs::File::create(folder.join("model.safetensors")).unwrap();
    weights.set_len(1 << 30).unwrap();
    let name = folder.to_str().unwrap();
    let load = || AutoModelForSequenceClassification::from_pretrained(name, 3);
    let error = while_pressing(load).unwrap_err();
    std::fs::remove_dir_all(&folder).unwrap();
    assert!(matches!(error, Error::Stopped(_)), "{error}");
}

static LATE: AtomicUsize = AtomicUsize::new(0);

extern "C" fn count(_signal: libc::c_int) {
    LATE.fetch_add(1, Ordering::Relaxed);
}

/// A model that presses stop itself, where nobody asks any more whether it was pressed.
struct Stopping(Model);

impl Classifier<Features> for Stopping {
    fn forward(&self, features: &Features) -> Tensor {
        // SAFETY: a signal to this thread, which has been seen when it returns.
        unsafe { libc::raise(libc::SIGINT) };
        self.0.forward(features)
    }

    fn var_store(&self) -> &nn::VarStore {
        &self.0.store
    }
}

#[test]
fn what_comes_too_late_for_a_prediction_is_what_it_was_before() {
    let _alone = alone();
    // SAFETY: the handler only adds to an atomic.
    unsafe { libc::signal(libc::SIGINT, count as *const () as libc::sighandler_t) };
    let (_, counts) = CountVectorizer::default().fit_transform(&["good bad film"]).unwrap();
    let model = Stopping(Model::new());
    LATE.store(0, Ordering::Relaxed);
    assert!(Trainer::default().predict(&model, &counts).is_ok());
    assert_eq!(LATE.load(Ordering::Relaxed), 1);
}

static READS: AtomicBool = AtomicBool::new(false);

/// A text that takes a while to read.
struct Long;

impl AsRef<str> for Long {
    fn as_ref(&self) -> &str {
        READS.store(true, Ordering::Relaxed);
        std::thread::sleep(Duration::from_millis(100));
        "a good film"
    }
}

/// After stop was pressed, another thread begins to count words, and goes on when the answer is there.
struct Counting(Stopping, Mutex<Vec<JoinHandle<()>>>);

impl Classifier<Features> for Counting {
    fn forward(&self, features: &Features) -> Tensor {
        let logits = self.0.forward(features);
        let count = || assert!(CountVectorizer::default().fit(&[Long]).is_ok());
        self.1.lock().unwrap().push(std::thread::spawn(count));
        while !READS.load(Ordering::Relaxed) {
            std::thread::yield_now();
        }
        logits
    }

    fn var_store(&self) -> &nn::VarStore {
        self.0.var_store()
    }
}

#[test]
fn who_listens_after_a_stop_does_not_hide_it() {
    let _alone = alone();
    // SAFETY: the handler only adds to an atomic.
    unsafe { libc::signal(libc::SIGINT, count as *const () as libc::sighandler_t) };
    let (_, counts) = CountVectorizer::default().fit_transform(&["good bad film"]).unwrap();
    LATE.store(0, Ordering::Relaxed);
    let model = Counting(Stopping(Model::new()), Mutex::default());
    assert!(Trainer::default().predict(&model, &counts).is_ok());
    assert_eq!(LATE.load(Ordering::Relaxed), 0);
    for thread in std::mem::take(&mut *model.1.lock().unwrap()) {
        thread.join().unwrap();
    }
    assert_eq!(LATE.load(Ordering::Relaxed), 1);
}
