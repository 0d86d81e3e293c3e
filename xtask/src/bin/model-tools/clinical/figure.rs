//! Figures with their goals, printed alike by every part.

use serde::Serialize;

/// Something measured.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Figure {
    /// So many of so many.
    Rate { hits: usize, of: usize },
    /// A mean or a time over so many.
    Value { value: f64, of: usize },
}

impl Figure {
    /// The share or the value; not a number where nothing was measured.
    pub(crate) fn value(self) -> f64 {
        match self {
            Self::Rate { of: 0, .. } | Self::Value { of: 0, .. } => f64::NAN,
            Self::Rate { hits, of } => hits as f64 / of as f64,
            Self::Value { value, .. } => value,
        }
    }

    /// The 95 % interval of a rate (Wilson's, which stays inside 0 to 1 and does not shrink to nothing at the ends).
    pub(crate) fn interval(self) -> Option<(f64, f64)> {
        let Self::Rate { hits, of } = self else { return None };
        if of == 0 {
            return None;
        }
        let (n, p, z) = (of as f64, hits as f64 / of as f64, 1.959_964);
        let (middle, spread) = (p + z * z / (2.0 * n), z * (p * (1.0 - p) / n + z * z / (4.0 * n * n)).sqrt());
        let scale = 1.0 + z * z / n;
        Some((((middle - spread) / scale).max(0.0), ((middle + spread) / scale).min(1.0)))
    }
}

impl std::fmt::Display for Figure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (*self, self.interval()) {
            (Self::Rate { hits, of }, Some((low, high))) => {
                write!(f, "{hits} of {of} = {:.2} % [{:.1}, {:.1}]", 100.0 * self.value(), 100.0 * low, 100.0 * high)
            }
            (Self::Value { value, of }, _) => write!(f, "{value:.3} (n = {of})"),
            (Self::Rate { .. }, None) => f.write_str("nothing measured"),
        }
    }
}

/// A figure and what is asked of it.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Goal {
    /// What is measured.
    pub(crate) what: String,
    /// The goal in words; empty where there is none.
    pub(crate) asked: String,
    /// What was found.
    pub(crate) found: Figure,
    /// Whether it is reached; `None` where nothing is asked.
    pub(crate) reached: Option<bool>,
}

impl Goal {
    /// At least this share or value.
    pub(crate) fn at_least(what: impl Into<String>, least: f64, found: Figure) -> Self {
        Self { what: what.into(), asked: format!(">= {least}"), found, reached: Some(found.value() >= least) }
    }

    /// At most this share or value.
    pub(crate) fn at_most(what: impl Into<String>, most: f64, found: Figure) -> Self {
        Self { what: what.into(), asked: format!("<= {most}"), found, reached: Some(found.value() <= most) }
    }

    /// A figure without a goal.
    pub(crate) fn only(what: impl Into<String>, found: Figure) -> Self {
        Self { what: what.into(), asked: String::new(), found, reached: None }
    }
}

/// What a part has to say.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct Report {
    /// Figures with goals.
    pub(crate) goals: Vec<Goal>,
    /// One line an item that went wrong: its id, what was expected, what came.
    pub(crate) failures: Vec<String>,
    /// Anything else, ready to print.
    pub(crate) remarks: Vec<String>,
}

impl Report {
    /// Prints it with at most `most` failures.
    pub(crate) fn print(&self, name: &str, most: usize) {
        println!("\n{name}");
        let width = self.goals.iter().map(|goal| goal.what.chars().count()).max().unwrap_or(0);
        for goal in &self.goals {
            let mark = match goal.reached {
                Some(true) => "reached",
                Some(false) => "MISSED",
                None => "",
            };
            println!("  {:width$}  {:>8}  {}  {mark}", goal.what, goal.asked, goal.found);
        }
        for remark in &self.remarks {
            println!("  {remark}");
        }
        for failure in self.failures.iter().take(most) {
            println!("  - {failure}");
        }
        if self.failures.len() > most {
            println!("  … and {} more (--all-failures)", self.failures.len() - most);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_are_wilsons() {
        let (low, high) = Figure::Rate { hits: 0, of: 300 }.interval().expect("a rate");
        assert!(low < 1e-12 && (high - 0.012_64).abs() < 1e-4, "{low} {high}");
        let (low, high) = Figure::Rate { hits: 90, of: 100 }.interval().expect("a rate");
        assert!((low - 0.825_6).abs() < 1e-3 && (high - 0.944_8).abs() < 1e-3, "{low} {high}");
        assert_eq!(Figure::Rate { hits: 0, of: 0 }.interval(), None);
    }

    #[test]
    fn a_goal_knows_whether_it_is_reached() {
        let rate = Figure::Rate { hits: 95, of: 100 };
        assert_eq!(Goal::at_least("a", 0.95, rate).reached, Some(true));
        assert_eq!(Goal::at_most("a", 0.9, rate).reached, Some(false));
        assert_eq!(Goal::at_least("nothing", 0.5, Figure::Rate { hits: 0, of: 0 }).reached, Some(false));
    }
}
