//! Losses and metrics of logits that somebody else has calculated, and the records of runs.

use serde_json::{Value, from_str, from_value, json};
use unit8::tch::nn::VarStore;
use unit8::tch::{Device, Tensor};
use unit8::{
    ClassMetrics, ClassWeights, Classifier, DataLoader, Dataset, EpochMetrics, History, Metric,
    MultiLabels, Optimizer, Result, Run, Runs, StepMetrics, Targets, ThresholdCurve, Trainer,
};

/// Logits that somebody else has calculated, as data ...
struct Logits(Tensor);

impl Dataset for Logits {
    type Batch = Tensor;

    fn len(&self) -> usize {
        self.0.size()[0] as usize
    }

    fn gather(&self, rows: &[usize], _device: Device) -> Result<Tensor> {
        let rows: Vec<i64> = rows.iter().map(|&row| row as i64).collect();
        Ok(self.0.index_select(0, &Tensor::from_slice(&rows)))
    }
}

/// ... and a model that passes them on, times 1.
struct Factor(VarStore, Tensor);

impl Factor {
    fn new() -> Factor {
        let store = VarStore::new(Device::Cpu);
        let one = store.root().ones("one", &[1]);
        Factor(store, one)
    }
}

impl Classifier<Tensor> for Factor {
    fn forward(&self, logits: &Tensor) -> Tensor {
        logits * &self.1
    }

    fn var_store(&self) -> &VarStore {
        &self.0
    }
}

fn loader(case: &Value, batch_size: usize) -> Result<DataLoader<Logits>> {
    let rows: Vec<Vec<f32>> = from_str(&case["logits"].to_string()).unwrap();
    let labels: Targets = match case["labels"][0].is_array() {
        false => from_value::<Vec<i64>>(case["labels"].clone()).unwrap().into(),
        true => {
            let labels: Vec<Vec<bool>> = from_value(case["labels"].clone()).unwrap();
            let names: Vec<String> = (0..rows[0].len()).map(|class| class.to_string()).collect();
            MultiLabels::new(labels, names)?.into()
        }
    };
    DataLoader::new(Logits(Tensor::from_slice2(&rows)), labels, batch_size)
}

/// The losses of a training that learns nothing, for train and val, and the macro F1.
pub fn losses(case: &Value) -> Result<Value> {
    let data = loader(case, case["batch_size"].as_u64().unwrap() as usize)?;
    let trainer = Trainer {
        num_epochs: 1,
        learning_rate: 1e-30,
        class_weights: match &case["weights"] {
            Value::Null => ClassWeights::Equal,
            Value::String(_) => ClassWeights::Balanced,
            weights => ClassWeights::Given(from_str(&weights.to_string()).unwrap()),
        },
        label_smoothing: case["smoothing"].as_f64().unwrap(),
        accumulation_steps: 2,
        best_by: Metric::MacroF1,
        quiet: true,
        ..Trainer::default()
    };
    let history = trainer.fit(&Factor::new(), &data, &data)?;
    let epoch = &history.epochs[0];
    Ok(json!([epoch.train_loss, epoch.val_loss, epoch.val_macro_f1, epoch.val_accuracy]))
}

/// Three steps, each an epoch, with a learning rate for each block.
pub fn blocks(case: &Value) -> Trainer {
    Trainer {
        num_epochs: 3,
        learning_rate: 1e-4,
        optimizer: if case["optimizer"] == "Adam" { Optimizer::Adam } else { Optimizer::AdamW },
        layer_decay: case["layer_decay"].as_f64().unwrap(),
        gradual_unfreezing: case["gradual"].as_u64().map(|epochs| epochs as usize),
        best_by: Metric::Loss,
        quiet: true,
        ..Trainer::default()
    }
}

/// What is measured of examples with several labels, at the case's threshold.
pub fn labels(case: &Value) -> Result<Value> {
    let threshold = case["threshold"].as_f64().unwrap() as f32;
    let evaluation = Trainer::default()
        .evaluate_multi_label(&Factor::new(), &loader(case, 8)?)?
        .with_threshold(threshold)?;
    let numbers = |m: &ClassMetrics| json!([m.precision, m.recall, m.f1, m.support]);
    let areas = |class: &String| {
        let [roc, precision] = [evaluation.roc(class), evaluation.precision_recall(class)];
        json!([roc.ok().map(|curve| curve.area), precision.ok().map(|curve| curve.area)])
    };
    Ok(json!({
        "probabilities": evaluation.predictions.probabilities,
        "names": evaluation.predictions.names(),
        "loss": evaluation.loss,
        "accuracy": evaluation.accuracy(),
        "hamming": evaluation.hamming_loss(),
        "classes": evaluation.class_metrics().iter().map(numbers).collect::<Vec<_>>(),
        "micro": numbers(&evaluation.micro_avg()),
        "macro": numbers(&evaluation.macro_avg()),
        "weighted": numbers(&evaluation.weighted_avg()),
        "samples": numbers(&evaluation.samples_avg()),
        "areas": evaluation.labels.class_names().iter().map(areas).collect::<Vec<_>>(),
    }))
}

pub fn metrics(case: &Value) -> Result<Value> {
    let evaluation = Trainer::default().evaluate(&Factor::new(), &loader(case, 8)?)?;
    let numbers = |m: &ClassMetrics| json!([m.precision, m.recall, m.f1, m.support]);
    let curve = |curve: Result<ThresholdCurve>| {
        curve.ok().map(|curve| {
            let thresholds = &curve.thresholds[1..];
            json!({ "points": curve.points, "thresholds": thresholds, "area": curve.area })
        })
    };
    let issues = evaluation.label_issues();
    Ok(json!({
        "probabilities": evaluation.predictions.probabilities,
        "loss": evaluation.loss,
        "classes": evaluation.class_metrics().iter().map(numbers).collect::<Vec<_>>(),
        "macro": numbers(&evaluation.macro_avg()),
        "weighted": numbers(&evaluation.weighted_avg()),
        "label_issues": issues.iter().map(|issue| (issue.row, issue.suggestion)).collect::<Vec<_>>(),
        "roc": curve(evaluation.roc()),
        "precision_recall": curve(evaluation.precision_recall()),
    }))
}

/// Three runs, and their files for pandas and TensorBoard.
pub fn keep_runs(folder: &str) -> Result<()> {
    let mut runs = Runs::open(format!("{folder}/runs"))?;
    for (number, name) in (1..).zip(["first", "a, \"b\"\n\u{1f600}", "third"]) {
        let share = f64::from(number) / 7.0;
        let epoch = |epoch| EpochMetrics {
            epoch,
            train_loss: share / epoch as f64,
            train_accuracy: 0.5,
            val_loss: 1.0 / 3.0,
            val_accuracy: share,
            val_macro_f1: None,
        };
        let step = StepMetrics { epoch: 0.5, train_loss: 0.25, train_accuracy: 0.75 };
        let history = History {
            epochs: (1..=number as usize).map(epoch).collect(),
            steps: vec![step],
            ..History::default()
        };
        let trainer = Trainer { learning_rate: share * 1e-5, ..Trainer::default() };
        let run = Run::trained(name, &trainer, &history).with("layers", "last two").note("a note");
        runs.keep(run.result("test accuracy", share * share).result("nothing", f64::NAN))?;
    }
    runs.write_csv(format!("{folder}/runs.csv"))?;
    runs.write_tensorboard(format!("{folder}/tensorboard"))
}
