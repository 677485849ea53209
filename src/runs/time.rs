//! The time of day, as all computers of the world call it.

use std::time::{SystemTime, UNIX_EPOCH};

/// Now, in UTC, to the millisecond: `2026-11-26T17:43:40.123Z` (ISO 8601, RFC 3339). Such texts sort by
/// time, whatever the time zones of the machines.
pub fn now() -> String {
    // A clock that has never been set stands at 1970.
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    written(since.as_millis() as u64)
}

/// Of the milliseconds since 1970.
fn written(milliseconds: u64) -> String {
    let (seconds, rest) = (milliseconds / 1000, milliseconds % 1000);
    let (year, month, day) = date(seconds / 86_400);
    let [hour, minute, second] = [seconds / 3600 % 24, seconds / 60 % 60, seconds % 60];
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{rest:03}Z")
}

/// Year, month and day of a day since 1970 (Hinnant, "chrono-Compatible Low-Level Date Algorithms",
/// `civil_from_days`): years begin in March, so that the day that a leap year has more is the last one.
fn date(days: u64) -> (u64, u64, u64) {
    let days = days + 719_468; // since 0000-03-01
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153; // from March
    let first = (153 * month + 2) / 5;
    let (number, after) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    (400 * era + year + after, number, day - first + 1)
}

/// Seconds since 1970; `None` of a text that is no time of ours.
pub fn seconds(time: &str) -> Option<f64> {
    let (date, clock) = time.strip_suffix('Z')?.split_once('T')?;
    let parts: Vec<u64> = date.split('-').map(|part| part.parse().ok()).collect::<Option<_>>()?;
    let [year, month, day] = parts[..] else { return None };
    let parts: Vec<f64> = clock.split(':').map(|part| part.parse().ok()).collect::<Option<_>>()?;
    let [hour, minute, second] = parts[..] else { return None };
    if !((1970..10_000).contains(&year) && (1..=12).contains(&month) && (1..=31).contains(&day)) {
        return None;
    }
    let year = if month > 2 { year } else { year - 1 };
    let in_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let days = 365 * year + year / 4 - year / 100 + year / 400 + in_year - 719_468;
    Some(days as f64 * 86_400.0 + hour * 3600.0 + minute * 60.0 + second)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_those_of_the_calendar_and_come_back() {
        for (milliseconds, expected) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (951_782_400_000, "2000-02-29T00:00:00.000Z"),
            (1_798_761_599_999, "2026-12-31T23:59:59.999Z"),
            (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
        ] {
            let time = written(milliseconds);
            assert_eq!(time, expected);
            let back = seconds(&time).unwrap();
            assert!((back - milliseconds as f64 / 1000.0).abs() < 1e-3, "{time} {back}");
        }
        for other in ["", "yesterday", "2026-11-26", "2026-13-01T00:00:00Z", "0-1-1T1:1:1Z"] {
            assert_eq!(seconds(other), None, "{other}");
        }
        assert!(now().as_str() > "2026-01-01" && now().len() == 24);
    }
}
