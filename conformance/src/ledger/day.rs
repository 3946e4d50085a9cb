//! Days, as ledgers name them: `2027-01-31`. Which day it is today is told by others.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use time::{Date, Duration, Month};

/// A day of the calendar, in UTC.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(into = "String", try_from = "String")]
pub struct Day(Date);

impl Day {
    /// The day of a date.
    pub fn of(date: Date) -> Day {
        Day(date)
    }

    /// A day by its numbers; `None` if the calendar has no such day.
    pub fn new(year: u16, month: u8, day: u8) -> Option<Day> {
        let month = Month::try_from(month).ok()?;
        let date = Date::from_calendar_date(i32::from(year), month, day).ok()?;
        Some(Day(date))
    }

    /// Reads `2027-01-31`.
    pub fn parse(text: &str) -> Option<Day> {
        let mut parts = text.split('-');
        let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
        let whole = parts.next().is_none();
        let day = Day::new(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?)?;
        whole.then_some(day)
    }

    /// The day that comes so many days later.
    #[must_use]
    pub fn after(self, days: i64) -> Day {
        Day(self.0.saturating_add(Duration::days(days)))
    }

    /// Its year, month and day.
    pub fn numbers(self) -> (i32, u8, u8) {
        (self.0.year(), u8::from(self.0.month()), self.0.day())
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = self.numbers();
        f.pad(&format!("{year:04}-{month:02}-{day:02}"))
    }
}

impl From<Day> for String {
    fn from(day: Day) -> String {
        day.to_string()
    }
}

impl TryFrom<String> for Day {
    type Error = String;

    fn try_from(text: String) -> Result<Day, String> {
        Day::parse(&text).ok_or_else(|| format!("{text:?} is no day of the form 2027-01-31"))
    }
}
