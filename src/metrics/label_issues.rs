//! Labels that look wrong.

use super::Evaluation;

/// A label that looks wrong.
#[derive(Clone, Debug, PartialEq)]
pub struct LabelIssue {
    /// The number of the example in the data.
    pub row: usize,
    /// Its label.
    pub label: i64,
    /// What that is called.
    pub label_name: String,
    /// The class that the model takes it for.
    pub suggestion: i64,
    /// What that is called.
    pub suggestion_name: String,
    /// The probability that the model gives to its label, 0 to 1.
    pub self_confidence: f32,
    /// The probability that the model gives to the suggestion, 0 to 1.
    pub confidence: f32,
}

impl Evaluation {
    /// The probability that the model gives to the label of each example, 0 to 1.
    pub fn self_confidences(&self) -> Vec<f32> {
        let rows = self.labels.iter().zip(&self.predictions.probabilities);
        rows.map(|(&label, row)| row[label as usize]).collect()
    }

    /// The examples whose labels look wrong, the least probable label first: confident learning
    /// (Northcutt, Jiang and Chuang 2021, <https://arxiv.org/abs/1911.00068>). The model must not have
    /// learned from these examples, so take the evaluation of
    /// [`Trainer::cross_validate`](crate::Trainer::cross_validate).
    ///
    /// A class is sure of an example to which it gives at least its threshold: the mean probability
    /// that it gives to the examples with its label. Of the classes that are sure, the most probable
    /// one is suggested, if it is not the label, and the label is not the most probable class anyway.
    /// That is cleanlab's `find_label_issues(filter_by="confident_learning",
    /// return_indices_ranked_by="self_confidence")`, which differs from the paper where several classes
    /// are sure: it then takes the most probable class of all, sure or not.
    pub fn label_issues(&self) -> Vec<LabelIssue> {
        let thresholds = self.thresholds();
        let predicted = self.predictions.classes();
        let mut issues = Vec::new();
        for (row, shares) in self.predictions.probabilities.iter().enumerate() {
            let label = self.labels[row];
            let sure =
                (0..shares.len()).filter(|&class| f64::from(shares[class]) >= thresholds[class]);
            let best =
                sure.reduce(|best, class| if shares[class] > shares[best] { class } else { best });
            let Some(suggestion) =
                best.filter(|&class| class as i64 != label && predicted[row] != label)
            else {
                continue;
            };
            issues.push(LabelIssue {
                row,
                label,
                label_name: self.name(label as usize),
                suggestion: suggestion as i64,
                suggestion_name: self.name(suggestion),
                self_confidence: shares[label as usize],
                confidence: shares[suggestion],
            });
        }
        issues.sort_by(|a, b| a.self_confidence.total_cmp(&b.self_confidence));
        issues
    }

    /// The mean probability of each class over the examples with its label; that of a class without
    /// any can't be reached.
    fn thresholds(&self) -> Vec<f64> {
        let mut sums = vec![(0.0, 0.0); self.confusion.len()];
        for (&label, confidence) in self.labels.iter().zip(self.self_confidences()) {
            let (sum, count) = &mut sums[label as usize];
            *sum += f64::from(confidence);
            *count += 1.0;
        }
        let mean = |(sum, count): (f64, f64)| if count > 0.0 { sum / count } else { f64::INFINITY };
        sums.into_iter().map(mean).collect()
    }
}

#[cfg(test)]
mod tests {
    use crate::metrics::evaluation::tests::evaluation;

    #[test]
    fn a_label_is_doubted_where_another_class_is_sure() {
        // Thresholds: class 0 (0.9 + 0.8 + 0.1) / 3 = 0.6, class 1 (0.7 + 0.3 + 0.45) / 3 = 0.483.
        let labels = [0, 0, 0, 1, 1, 1];
        let answers = [(0, 0.9), (0, 0.8), (1, 0.9), (1, 0.7), (0, 0.7), (0, 0.55)];
        let evaluation = evaluation(&labels, &answers, 2);
        let confidences = evaluation.self_confidences();
        assert!((confidences[4] - 0.3).abs() < 1e-6, "{confidences:?}");
        let issues = evaluation.label_issues();
        // Row 5 is a mistake, too, but class 0 is not sure of it.
        let rows: Vec<usize> = issues.iter().map(|issue| issue.row).collect();
        assert_eq!(rows, [2, 4]);
        let first = &issues[0];
        assert_eq!((first.label, first.suggestion, first.confidence), (0, 1, 0.9));
        assert_eq!((first.label_name.as_str(), first.suggestion_name.as_str()), ("0", "1"));
        assert!((first.self_confidence - 0.1).abs() < 1e-6);
    }

    #[test]
    fn a_class_without_examples_is_never_suggested() {
        let evaluation = evaluation(&[0, 0, 1], &[(2, 0.9), (0, 0.8), (1, 0.8)], 3);
        assert!(evaluation.label_issues().is_empty());
    }
}
