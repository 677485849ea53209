//! How far a training is, and how long it still takes.

use std::time::{Duration, Instant};

/// A step with gradients takes about three times as long as one without.
const GRADIENTS: f64 = 3.0;

/// What a training has to do.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    pub epochs: usize,
    /// In an epoch.
    pub batches: usize,
    pub val_examples: usize,
}

/// Some steps of a training.
#[derive(Clone, Copy, Debug)]
struct Steps {
    batches: usize,
    examples: usize,
    took: Duration,
}

/// The time that training and validation take, apart from each other.
#[derive(Clone, Debug)]
pub struct Clock {
    plan: Plan,
    /// Of all runs.
    batches: usize,
    epochs: usize,
    /// Those that were done before this run.
    batches_before: usize,
    pub epochs_before: usize,
    examples: usize,
    trained: Duration,
    /// The first step of this run, in which libtorch loads what it needs: on a graphics card a hundred
    /// times as long as another one.
    first: Option<Steps>,
    /// The validation before, or what there is of the first one.
    validation: Option<f64>,
    /// The share of the validation data that has been seen, if it is being validated.
    pub validates: Option<f64>,
    mark: Instant,
}

impl Clock {
    pub fn start(plan: Plan) -> Clock {
        Clock {
            plan,
            batches: 0,
            epochs: 0,
            batches_before: 0,
            epochs_before: 0,
            examples: 0,
            trained: Duration::ZERO,
            first: None,
            validation: None,
            validates: None,
            mark: Instant::now(),
        }
    }

    /// Counts on from a training that ended after so many batches and full epochs.
    pub fn skip(&mut self, batches: usize, epochs: usize) {
        (self.batches, self.batches_before) = (batches, batches);
        (self.epochs, self.epochs_before) = (epochs, epochs);
    }

    /// A step was made with so many batches.
    pub fn step(&mut self, batches: usize, examples: usize, now: Instant) {
        self.batches += batches;
        self.examples += examples;
        let took = now - self.mark;
        self.trained += took;
        self.first.get_or_insert(Steps { batches, examples, took });
        self.mark = now;
    }

    /// This share of the validation data has been seen, 0 to 1.
    pub fn validates(&mut self, share: f64, now: Instant) {
        self.validates = Some(share);
        if self.epochs == self.epochs_before && share > 0.0 {
            self.validation = Some((now - self.mark).as_secs_f64() / share);
        }
    }

    pub fn epoch_ends(&mut self, now: Instant) {
        self.epochs += 1;
        self.validates = None;
        self.validation = Some((now - self.mark).as_secs_f64());
        self.mark = now;
    }

    /// Whether this run has made a step.
    pub fn has_begun(&self) -> bool {
        self.batches > self.batches_before
    }

    /// The epoch that runs, from 1.
    pub fn epoch(&self) -> usize {
        (self.epochs + 1).min(self.plan.epochs)
    }

    /// Of all batches, the share that is done, 0 to 1.
    pub fn share(&self) -> f64 {
        self.batches as f64 / (self.plan.epochs as f64 * self.plan.batches as f64).max(1.0)
    }

    /// In training.
    pub fn examples_per_second(&self) -> f64 {
        let steps = self.usual_steps();
        steps.examples as f64 / steps.took.as_secs_f64().max(1e-9)
    }

    /// Those of this run by which the others are judged: all but the first one, if there are others.
    fn usual_steps(&self) -> Steps {
        let batches = self.batches - self.batches_before;
        let all = Steps { batches, examples: self.examples, took: self.trained };
        match self.first {
            Some(first) if first.batches < batches => Steps {
                batches: batches - first.batches,
                examples: self.examples - first.examples,
                took: self.trained - first.took,
            },
            _ => all,
        }
    }

    /// Seconds until the end, if nothing stops it.
    pub fn left(&self) -> f64 {
        let steps = self.usual_steps();
        let per_batch = steps.took.as_secs_f64() / steps.batches.max(1) as f64;
        let batches = self.plan.epochs as f64 * self.plan.batches as f64 - self.batches as f64;
        let guess = self.plan.val_examples as f64 / self.examples_per_second() / GRADIENTS;
        let validation = self.validation.unwrap_or(guess);
        let validations =
            self.plan.epochs.saturating_sub(self.epochs) as f64 - self.validates.unwrap_or(0.0);
        per_batch * batches.max(0.0) + validation * validations.max(0.0)
    }

    /// Of this run's time, the share that has passed, 0 to 1.
    pub fn share_of_time(&self) -> f64 {
        let validated = (self.epochs - self.epochs_before) as f64 + self.validates.unwrap_or(0.0);
        let passed = self.trained.as_secs_f64() + self.validation.unwrap_or(0.0) * validated;
        passed / (passed + self.left()).max(1e-9)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAN: Plan = Plan { epochs: 2, batches: 10, val_examples: 60 };

    /// Steps of one second and twelve examples; a validation takes two seconds.
    fn run(clock: &mut Clock, seconds: &mut u64, steps: usize) {
        for _ in 0..steps {
            *seconds += 1;
            clock.step(1, 12, clock.started() + Duration::from_secs(*seconds));
        }
    }

    impl Clock {
        fn started(&self) -> Instant {
            self.mark
                - self.trained
                - Duration::from_secs(2 * (self.epochs - self.epochs_before) as u64)
        }
    }

    #[test]
    fn the_time_left_counts_the_validations() {
        let (mut clock, mut seconds) = (Clock::start(PLAN), 0);
        assert!(!clock.has_begun());
        run(&mut clock, &mut seconds, 1);
        // 19 more steps, and two validations of 60 examples at three times the speed
        assert_eq!(clock.left(), 19.0 + 2.0 * 60.0 / 12.0 / 3.0);
        run(&mut clock, &mut seconds, 9);
        let started = clock.started();
        clock.validates(0.5, started + Duration::from_secs(11));
        // Half a validation that takes two seconds, ten steps, and another one
        assert_eq!((clock.left(), clock.epoch(), clock.share()), (1.0 + 10.0 + 2.0, 1, 0.5));
        clock.epoch_ends(started + Duration::from_secs(12));
        seconds += 2;
        assert_eq!((clock.left(), clock.epoch()), (12.0, 2));
        assert_eq!(clock.share_of_time(), 0.5);
        run(&mut clock, &mut seconds, 10);
        assert_eq!(
            (clock.left(), clock.share()),
            (2.0, 1.0),
            "the last validation is still to come"
        );
        assert_eq!(clock.examples_per_second(), 12.0);
    }

    #[test]
    fn a_slow_first_step_says_nothing_of_the_others() {
        let mut clock = Clock::start(PLAN);
        let started = clock.mark;
        clock.step(1, 12, started + Duration::from_secs(100));
        assert_eq!(clock.examples_per_second(), 0.12);
        clock.step(1, 12, started + Duration::from_secs(101));
        clock.step(1, 12, started + Duration::from_secs(102));
        assert_eq!(clock.examples_per_second(), 12.0);
        assert_eq!(clock.left(), 17.0 + 2.0 * 60.0 / 12.0 / 3.0);
        let (passed, left) = (102.0, clock.left());
        assert_eq!(clock.share_of_time(), passed / (passed + left));
    }

    #[test]
    fn what_was_done_before_is_no_speed() {
        let mut clock = Clock::start(PLAN);
        clock.skip(10, 1);
        assert_eq!((clock.epoch(), clock.share(), clock.has_begun()), (2, 0.5, false));
        let mut seconds = 0;
        run(&mut clock, &mut seconds, 1);
        assert_eq!(clock.examples_per_second(), 12.0);
        assert_eq!(clock.left(), 9.0 + 60.0 / 12.0 / 3.0);
    }
}
