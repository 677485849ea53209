//! How an answer between two classes depends on the probability from which it is the second one.

use crate::display::{Html, Show};
use crate::plots::{Series, line_chart};

/// A curve over all thresholds: an example counts as positive if the probability of class 1 reaches
/// the threshold. Examples of one probability share a point.
#[derive(Clone, Debug, PartialEq)]
pub struct ThresholdCurve {
    /// (x, y) from the highest threshold to the lowest. Of a ROC curve the false and the true
    /// positive rate, of a precision-recall curve recall and precision.
    pub points: Vec<(f64, f64)>,
    /// The threshold of each point; that of the first one, where nothing is positive, is infinite.
    pub thresholds: Vec<f64>,
    /// The area below the curve, 0 to 1.
    pub area: f64,
    /// What the curve is, for its figure.
    title: String,
    axes: [&'static str; 2],
    /// What an answer by chance would give.
    chance: [(f64, f64); 2],
}

/// The points of a figure are no closer than this.
const STEP: f64 = 0.01;

impl ThresholdCurve {
    /// The receiver operating characteristic, and the area by trapezoids: scikit-learn's
    /// `roc_curve(drop_intermediate=False)` and `roc_auc_score`. Both classes must occur.
    pub(super) fn roc(scores: &[f32], is_positive: &[bool]) -> ThresholdCurve {
        let counts = Counts::of(scores, is_positive);
        let points =
            counts.map(|right, wrong| (wrong / counts.negatives, right / counts.positives));
        let points: Vec<(f64, f64)> = [(0.0, 0.0)].into_iter().chain(points).collect();
        let trapezoid = |pair: &[(f64, f64)]| {
            let [(x, y), (next_x, next_y)] = [pair[0], pair[1]];
            (next_x - x) * (y + next_y) / 2.0
        };
        ThresholdCurve {
            area: points.windows(2).map(trapezoid).sum(),
            points,
            thresholds: counts.thresholds(),
            title: "ROC".to_owned(),
            axes: ["false positive rate", "true positive rate"],
            chance: [(0.0, 0.0), (1.0, 1.0)],
        }
    }

    /// Precision over recall, and the average precision, Σ (Rₙ - Rₙ₋₁) Pₙ: scikit-learn's
    /// `precision_recall_curve` and `average_precision_score`. Both classes must occur.
    pub(super) fn precision_recall(scores: &[f32], is_positive: &[bool]) -> ThresholdCurve {
        let counts = Counts::of(scores, is_positive);
        let points = counts.map(|right, wrong| (right / counts.positives, right / (right + wrong)));
        let points: Vec<(f64, f64)> = [(0.0, 1.0)].into_iter().chain(points).collect();
        let share = counts.positives / (counts.positives + counts.negatives);
        ThresholdCurve {
            area: points.windows(2).map(|pair| (pair[1].0 - pair[0].0) * pair[1].1).sum(),
            points,
            thresholds: counts.thresholds(),
            title: "Precision and recall".to_owned(),
            axes: ["recall", "precision"],
            chance: [(0.0, share), (1.0, share)],
        }
    }

    /// The same, with the class in its title that counts as found.
    pub(super) fn of(self, class: &str) -> ThresholdCurve {
        ThresholdCurve { title: format!("{} of class {class}", self.title), ..self }
    }

    /// Shows the curve and its area in the notebook.
    pub fn evcxr_display(&self) {
        self.to_html().evcxr_display();
    }

    /// The first point, the last one, and those in between that are some way from the one before.
    fn seen(&self) -> Vec<(f64, f64)> {
        let mut seen: Vec<(f64, f64)> = Vec::new();
        for &(x, y) in &self.points {
            let far = |&(a, b): &(f64, f64)| (x - a).abs() >= STEP || (y - b).abs() >= STEP;
            if seen.last().is_none_or(far) {
                seen.push((x, y));
            }
        }
        if seen.last() != self.points.last() {
            seen.extend(self.points.last());
        }
        seen
    }
}

impl Show for ThresholdCurve {
    fn to_html(&self) -> Html {
        let title = format!("{}: area {:.4}", self.title, self.area);
        let series =
            [Series::new("the model", self.seen()), Series::new("chance", self.chance.to_vec())];
        line_chart(&title, self.axes[0], self.axes[1], &series).with_text(title)
    }
}

/// How many examples reach each of the thresholds.
struct Counts {
    /// Threshold, true positives, false positives; the highest threshold first.
    at: Vec<(f32, f64, f64)>,
    positives: f64,
    negatives: f64,
}

impl Counts {
    fn of(scores: &[f32], is_positive: &[bool]) -> Counts {
        let mut examples: Vec<(f32, bool)> =
            scores.iter().copied().zip(is_positive.iter().copied()).collect();
        examples.sort_by(|a, b| b.0.total_cmp(&a.0));
        let (mut at, mut right, mut wrong) = (Vec::new(), 0.0, 0.0);
        for equal in examples.chunk_by(|a, b| a.0 == b.0) {
            let positives = equal.iter().filter(|(_, positive)| *positive).count();
            right += positives as f64;
            wrong += (equal.len() - positives) as f64;
            at.push((equal[0].0, right, wrong));
        }
        Counts { at, positives: right, negatives: wrong }
    }

    fn map<T>(&self, point: impl Fn(f64, f64) -> T) -> impl Iterator<Item = T> {
        self.at.iter().map(move |&(_, right, wrong)| point(right, wrong))
    }

    fn thresholds(&self) -> Vec<f64> {
        let thresholds = self.at.iter().map(|&(threshold, ..)| f64::from(threshold));
        [f64::INFINITY].into_iter().chain(thresholds).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCORES: [f32; 6] = [0.1, 0.4, 0.35, 0.8, 0.4, 0.9];
    const POSITIVE: [bool; 6] = [false, false, true, true, true, false];

    // >>> y, p = [0, 0, 1, 1, 1, 0], np.float32([.1, .4, .35, .8, .4, .9])
    // >>> roc_curve(y, p, drop_intermediate=False), roc_auc_score(y, p)
    #[test]
    fn the_roc_curve_is_that_of_scikit_learn() {
        let curve = ThresholdCurve::roc(&SCORES, &POSITIVE);
        let (third, two) = (1.0 / 3.0, 2.0 / 3.0);
        let points = [(0.0, 0.0), (third, 0.0), (third, third), (two, two), (two, 1.0), (1.0, 1.0)];
        assert_eq!(curve.points, points);
        let thresholds = [f64::INFINITY, 0.9, 0.8, 0.4, 0.35, 0.1];
        for (ours, theirs) in curve.thresholds.iter().zip(thresholds) {
            assert!((ours - theirs).abs() < 1e-7 || *ours == theirs);
        }
        assert!((curve.area - 0.5).abs() < 1e-12, "{}", curve.area);
    }

    // >>> precision_recall_curve(y, p), average_precision_score(y, p)
    #[test]
    fn the_average_precision_is_that_of_scikit_learn() {
        let curve = ThresholdCurve::precision_recall(&SCORES, &POSITIVE);
        let (third, two) = (1.0 / 3.0, 2.0 / 3.0);
        let points = [(0.0, 1.0), (0.0, 0.0), (third, 0.5), (two, 0.5), (1.0, 0.6), (1.0, 0.5)];
        assert_eq!(curve.points, points);
        assert!((curve.area - (third * 0.5 + third * 0.5 + third * 0.6)).abs() < 1e-12);
    }

    #[test]
    fn a_figure_of_many_thresholds_is_small() {
        let scores: Vec<f32> = (0..100_000).map(|row| row as f32 / 1e5).collect();
        let positive: Vec<bool> = (0..100_000).map(|row| row % 3 == 0 || row > 60_000).collect();
        let curve = ThresholdCurve::roc(&scores, &positive);
        assert_eq!(curve.points.len(), 100_001);
        let seen = curve.seen();
        assert!(seen.len() < 210, "{}", seen.len());
        assert_eq!((seen.first(), seen.last()), (Some(&(0.0, 0.0)), Some(&(1.0, 1.0))));
        let shown = curve.to_html();
        assert!(shown.text().starts_with("ROC: area 0."), "{}", shown.text());
        assert!(shown.html().len() < 100_000, "{}", shown.html().len());
    }
}
