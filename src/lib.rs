//! Helpers for the notebooks of this course kit: text classification with large language models.
//!
//! Data flows one way: [`Reviews`] → [`Splits`] → word counts ([`CountVectorizer`]) →
//! [`DataLoader`] → your model, a [`Classifier`] → [`Trainer::fit`] → [`History`].
//! The model itself, the loss and the learning rate stand in the notebook: they are the lesson.

mod cache;
mod cross_validation;
pub mod dataloader;
pub mod dataset;
pub mod device;
pub mod display;
mod download;
mod environment;
pub mod error;
pub mod explanation;
mod explore;
mod files;
pub mod hub;
mod interrupt;
pub mod metrics;
pub mod mode;
pub mod models;
mod network;
pub mod plots;
mod progress;
mod random;
pub mod runs;
pub mod sweep;
mod threads;
pub mod tokenizer;
pub mod trainer;
pub mod vectorizer;
pub mod widgets;

pub use dataloader::{Batch, DataLoader, Dataset, Features, Targets};
pub use dataset::{
    CsvOptions, DataCheck, Labels, MultiLabels, Overlaps, Reviews, Splits, TextStream,
};
pub use device::device;
pub use display::{Html, Live, Show, table};
pub use error::{Error, Result};
pub use explanation::{Explanation, Explanations};
pub use explore::{Explore, explore};
pub use metrics::{
    ClassMetrics, EpochMetrics, Evaluation, History, LabelIssue, Metric, Mistake,
    MultiLabelEvaluation, MultiLabelMistake, MultiLabelPredictions, Predictions, StepMetrics,
    ThresholdCurve,
};
pub use mode::{Mode, Precision};
pub use models::{
    Architecture, Attention, AutoModelForSequenceClassification, DEFAULT_MODEL, DistilBertConfig,
    HiddenStates, Lora, ParameterCount,
};
pub use progress::{Progress, progress};
pub use runs::{Run, Runs};
pub use sweep::{Point, Sweep, Trial};
pub use tokenizer::{Encodings, Tokenizer, Tokens};
pub use trainer::{ClassWeights, Classifier, LearningRates, Optimizer, Schedule, Speed, Trainer};
pub use vectorizer::{
    CountMatrix, CountVectorizer, DocumentFrequency, FittedVectorizer, StopWords,
};

pub use widgets::{Button, Checkbox, Dropdown, FloatLogSlider, FloatSlider, IntSlider, Text};

pub use polars;
pub use tch;
