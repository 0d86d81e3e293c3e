//! What the page says around dose records.

use mambaformer_wasm::answer::DoseColumns;

use crate::language::Word;

words! { doses:
    /// The part of the page.
    heading;
    /// The caption of the table.
    caption;
    /// Over what no record speaks of.
    missing;
    /// Over what was assumed.
    assumed;
    /// A column.
    drug;
    /// A column.
    indication;
    /// A column.
    population;
    /// A column.
    route;
    /// A column.
    dose;
    /// A column.
    frequency;
    /// A column.
    duration;
    /// A column.
    maximum;
    /// A column.
    region;
    /// A cell whose column the record leaves open.
    not_stated;
    /// Folds rows away.
    fewer;
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
    column("drug", drug, |row| &row.drug),
    column("indication", indication, |row| &row.indication),
    column("population", population, |row| &row.population),
    column("route", route, |row| &row.route),
    column("dose", dose, |row| &row.dose),
    column("frequency", frequency, |row| &row.frequency),
    column("duration", duration, |row| &row.duration),
    column("maximum", maximum, |row| &row.maximum),
    column("region", region, |row| &row.region),
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
