//! The split into train, val and test.

use super::{Reviews, permutation};
use crate::error::{Error, Result};
use polars::prelude::{Column, IdxCa, IdxSize, NewChunkedArray};
use std::path::Path;

/// What [`Reviews::split`] returns. Each frame has one more column, `index`: the row of the review
/// before the split.
#[derive(Clone, Debug)]
pub struct Splits {
    /// To learn from.
    pub train: Reviews,
    /// To compare models and settings while learning.
    pub val: Reviews,
    /// To look at once, at the end.
    pub test: Reviews,
}

impl Reviews {
    /// Shuffles the rows and cuts them into 70 % train, 10 % val and 20 % test.
    ///
    /// The order is that of `numpy.random.RandomState(seed).permutation`, so that for the 50,000
    /// reviews and seed 1 this is the split of the course, row for row.
    ///
    /// # Errors
    /// [`Error::Data`] if there are fewer than ten reviews.
    pub fn split(&self, seed: u32) -> Result<Splits> {
        let order = permutation(self.len(), seed);
        let (train, val) = sizes(order.len());
        self.splits([&order[..train], &order[train..train + val], &order[train + val..]])
    }

    /// The same in each class separately, so that all three have the classes in the same shares:
    /// for data with a rare class.
    ///
    /// # Errors
    /// [`Error::Data`] if a class has fewer than ten reviews, or a review may have several labels.
    pub fn stratified_split(&self, seed: u32) -> Result<Splits> {
        if self.is_multi_label() {
            let message = "reviews with several labels are in no class separately: take split";
            return Err(Error::Data(message.to_owned()));
        }
        let (labels, counts) = (self.labels()?, self.class_counts()?);
        if let Some(class) = counts.iter().position(|count| (1..10).contains(count)) {
            return Err(Error::Data(format!(
                "class {} has {} reviews, too few for three splits: take ten or more, or split",
                self.class_names[class], counts[class]
            )));
        }
        let mut seen = vec![0; counts.len()];
        let mut rows = [Vec::new(), Vec::new(), Vec::new()];
        for row in permutation(self.len(), seed) {
            let class = labels[row] as usize;
            let (train, val) = sizes(counts[class]);
            let split = usize::from(seen[class] >= train) + usize::from(seen[class] >= train + val);
            rows[split].push(row);
            seen[class] += 1;
        }
        self.splits([&rows[0], &rows[1], &rows[2]])
    }

    fn splits(&self, [train, val, test]: [&[usize]; 3]) -> Result<Splits> {
        if val.is_empty() {
            let count = self.len();
            return Err(Error::Data(format!("{count} reviews are too few for three splits")));
        }
        Ok(Splits { train: self.take(train)?, val: self.take(val)?, test: self.take(test)? })
    }

    /// The reviews in these rows, and in the column `index` where they were.
    fn take(&self, rows: &[usize]) -> Result<Reviews> {
        let chosen =
            IdxCa::from_iter_values("index".into(), rows.iter().map(|&row| row as IdxSize));
        let mut frame = self.frame.take(&chosen)?;
        let index: Vec<i64> = rows.iter().map(|&row| row as i64).collect();
        let _ = frame.drop_in_place("index");
        frame.insert_column(0, Column::new("index".into(), index))?;
        Ok(Reviews { frame, class_names: self.class_names.clone() })
    }
}

/// How many of `count` rows go into train and into val; the rest is for test.
fn sizes(count: usize) -> (usize, usize) {
    (count.saturating_mul(7) / 10, count / 10)
}

impl Splits {
    /// The first reviews of each part, 70 % of them for train, 10 % for val and 20 % for test: a
    /// random choice, since the parts are shuffled. For a first try, and for slow machines; all of
    /// them, if there are no more.
    ///
    /// # Errors
    /// [`Error::Argument`] if `num_reviews` is less than ten.
    pub fn sample(&self, num_reviews: usize) -> Result<Splits> {
        if num_reviews < 10 {
            let remedy = "take 10 or more, so that each part has some";
            return Err(Error::argument("num_reviews", num_reviews, remedy));
        }
        let (train, val) = sizes(num_reviews);
        let first = |reviews: &Reviews, rows| Reviews {
            frame: reviews.frame.head(Some(rows)),
            class_names: reviews.class_names.clone(),
        };
        Ok(Splits {
            train: first(&self.train, train),
            val: first(&self.val, val),
            test: first(&self.test, num_reviews - train - val),
        })
    }

    /// Writes `train.csv`, `val.csv` and `test.csv` into a folder, with the columns `index`, `text`
    /// and `label`, as the course does, and as [`Reviews::write_csv`] does the names of the classes.
    /// [`Reviews::from_csv`] reads them.
    ///
    /// # Errors
    /// As [`Reviews::write_csv`].
    pub fn write_csv(&self, folder: impl AsRef<Path>) -> Result<()> {
        for (name, reviews) in self.named() {
            reviews.write_csv(folder.as_ref().join(format!("{name}.csv")))?;
        }
        Ok(())
    }

    pub(super) fn named(&self) -> [(&'static str, &Reviews); 3] {
        [("train", &self.train), ("val", &self.val), ("test", &self.test)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::test_folder;
    use std::fs;

    fn numbered(count: usize, class: impl Fn(usize) -> i64) -> Reviews {
        let texts = (0..count).map(|row| format!("review {row}")).collect();
        Reviews::from_rows(texts, (0..count).map(class).collect::<Vec<_>>()).unwrap()
    }

    #[test]
    fn the_split_is_70_10_20_and_loses_nothing() {
        let splits = numbered(25, |row| row as i64 % 2).split(1).unwrap();
        assert_eq!(splits.named().map(|(_, reviews)| reviews.len()), [17, 2, 6]);
        let mut texts: Vec<String> =
            splits.named().iter().flat_map(|(_, reviews)| reviews.texts().unwrap()).collect();
        texts.sort();
        let mut all = numbered(25, |_| 0).texts().unwrap();
        all.sort();
        assert_eq!(texts, all);
    }

    #[test]
    fn the_split_of_50_000_is_the_courses() {
        // The course reads test/pos, test/neg, train/pos, train/neg, 12,500 reviews each.
        let splits = numbered(50_000, |row| i64::from(row / 12_500 % 2 == 0)).split(1).unwrap();
        assert_eq!(splits.train.class_counts().unwrap(), [17_452, 17_548]);
        assert_eq!(splits.val.class_counts().unwrap(), [2_542, 2_458]);
        assert_eq!(splits.test.class_counts().unwrap(), [5_006, 4_994]);
        assert_eq!(splits.train.texts().unwrap()[..2], ["review 26247", "review 35067"]);
    }

    #[test]
    fn a_stratified_split_has_each_class_in_its_share() {
        let reviews = numbered(1000, |row| i64::from(row < 20));
        let splits = reviews.stratified_split(3).unwrap();
        let counts = splits.named().map(|(_, reviews)| reviews.class_counts().unwrap());
        assert_eq!(counts, [[686, 14], [98, 2], [196, 4]]);
        let again = reviews.stratified_split(3).unwrap();
        assert_eq!(splits.train.texts().unwrap(), again.train.texts().unwrap());
        assert_ne!(
            splits.train.texts().unwrap(),
            reviews.stratified_split(4).unwrap().train.texts().unwrap()
        );
    }

    #[test]
    fn a_sample_is_the_beginning_of_each_part() {
        let splits = numbered(100, |row| row as i64 % 2).split(1).unwrap();
        let sample = splits.sample(20).unwrap();
        assert_eq!(sample.named().map(|(_, reviews)| reviews.len()), [14, 2, 4]);
        assert_eq!(sample.test.texts().unwrap(), splits.test.texts().unwrap()[..4]);
        assert_eq!(splits.sample(1000).unwrap().train.len(), 70);
        assert_eq!(splits.sample(usize::MAX).unwrap().test.len(), 20);
        assert!(splits.sample(9).is_err());
    }

    #[test]
    fn too_few_reviews_are_refused() {
        let error = numbered(9, |_| 0).split(1).unwrap_err().to_string();
        assert_eq!(error, "9 reviews are too few for three splits");
        let rare = numbered(100, |row| i64::from(row < 9)).stratified_split(1).unwrap_err();
        assert!(rare.to_string().starts_with("class 1 has 9 reviews"), "{rare}");
    }

    #[test]
    fn the_files_of_the_course_are_written_and_read() {
        let folder = test_folder("splits");
        let splits = numbered(20, |row| i64::from(row > 9)).split(1).unwrap();
        splits.write_csv(&folder).unwrap();
        let val = fs::read_to_string(folder.join("val.csv")).unwrap();
        // >>> np.random.RandomState(1).permutation(20)[14:16]
        assert_eq!(val, "index,text,label\n9,review 9,0\n15,review 15,1\n");
        let test = Reviews::from_csv(folder.join("test.csv"), "text", "label").unwrap();
        assert_eq!(test.texts().unwrap(), splits.test.texts().unwrap());
        fs::remove_dir_all(folder).unwrap();
    }
}
