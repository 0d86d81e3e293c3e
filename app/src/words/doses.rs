//! What the page says around dose records.

use mambaformer_wasm::answer::DoseColumns;

use crate::language::Word;

words! { doses:
    /// The part of the page.
    HEADING = heading;
    /// The caption of the table.
    CAPTION = caption;
    /// Over what no record speaks of.
    MISSING = missing;
    /// Over what was assumed.
    ASSUMED = assumed;
    /// A column.
    DRUG = drug;
    /// A column.
    INDICATION = indication;
    /// A column.
    POPULATION = population;
    /// A column.
    ROUTE = route;
    /// A column.
    DOSE = dose;
    /// A column.
    FREQUENCY = frequency;
    /// A column.
    DURATION = duration;
    /// A column.
    MAXIMUM = maximum;
    /// A column.
    REGION = region;
    /// A cell whose column the record leaves open.
    NOT_STATED = not_stated;
    /// Folds rows away.
    FEWER = fewer;
}

/// A column of the table.
#[derive(Debug, Clone, Copy)]
pub struct Column {
    /// As the style sheet names it.
    pub key: &'static str,
    /// Its heading.
    pub heading: Word,
    /// Where it stands in a row.
    pub read: fn(&DoseColumns) -> &str,
}

const fn column(key: &'static str, heading: Word, read: fn(&DoseColumns) -> &str) -> Column {
    Column { key, heading, read }
}

/// The columns in order.
pub const COLUMNS: [Column; 9] = [
    column("drug", DRUG, |row| &row.drug),
    column("indication", INDICATION, |row| &row.indication),
    column("population", POPULATION, |row| &row.population),
    column("route", ROUTE, |row| &row.route),
    column("dose", DOSE, |row| &row.dose),
    column("frequency", FREQUENCY, |row| &row.frequency),
    column("duration", DURATION, |row| &row.duration),
    column("maximum", MAXIMUM, |row| &row.maximum),
    column("region", REGION, |row| &row.region),
];

/// What question or note name and a record is not for.
#[must_use]
pub fn conflict(conflict: &str) -> String {
    say!(doses.conflict, conflict = conflict)
}

/// Unfolds all rows.
#[must_use]
pub fn all(count: usize) -> String {
    say!(doses.all, count = count)
}

/// On the mark of a row.
#[must_use]
pub fn citation(number: usize) -> String {
    say!(doses.citation, number = number)
}
