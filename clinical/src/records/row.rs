//! A drug record as the row of a table: the same words as its line, cut into columns.

use super::facts::Facts;
use super::line::{by_route, frequency, people, range};
use super::{Amount, Number, Record, Region};

/// The columns of a drug's record. Absent is what the record does not say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The drug; for a local anaesthetic with strength and vasoconstrictor.
    pub drug: String,
    /// What it is for.
    pub indication: Option<String>,
    /// Whom it is for: "an adult", "a child aged 6 to under 12 years".
    pub population: String,
    /// How it is given.
    pub route: Option<String>,
    /// One dose; for a local anaesthetic what a cartridge holds.
    pub dose: String,
    /// How often, or when.
    pub frequency: Option<String>,
    /// For how long.
    pub duration: Option<String>,
    /// The most at once, in 24 hours, or by weight.
    pub maximum: Option<String>,
    /// Where it holds.
    pub region: Region,
}

impl Record {
    /// The record as a row; none for classifications and thresholds, which are shown by their lines.
    #[must_use]
    pub fn row(&self) -> Option<Row> {
        let (population, ages) = self.whom()?;
        let row = Row {
            drug: self.drug()?.to_owned(),
            indication: self.indication().map(str::to_owned),
            population: people(population, ages),
            route: None,
            dose: String::new(),
            frequency: None,
            duration: None,
            maximum: None,
            region: self.region,
        };
        Some(match &self.facts {
            Facts::Dose(dose) => Row {
                route: Some(by_route(&dose.route).to_owned()),
                dose: dose.dose.to_string(),
                frequency: present(frequency(dose).trim().to_owned()),
                duration: dose.duration_days.map(|(low, high)| range(low, high, "day")),
                maximum: maximum(dose.max_single, dose.max_day),
                ..row
            },
            Facts::Prophylaxis(regimen) => Row {
                route: Some(by_route(&regimen.route).to_owned()),
                dose: regimen.dose.to_string(),
                frequency: Some(regimen.timing.clone()),
                maximum: maximum(regimen.max_single, regimen.max_day),
                ..row
            },
            Facts::EmergencyDrug(drug) => Row {
                route: Some(by_route(&drug.route).to_owned()),
                dose: match &drug.concentration {
                    Some(concentration) => format!("{}, {concentration}", drug.dose),
                    None => drug.dose.to_string(),
                },
                frequency: drug.repeat.clone(),
                ..row
            },
            Facts::LocalAnaesthetic(solution) => {
                let with = solution.vasoconstrictor.as_ref().map_or_else(
                    || " plain".to_owned(),
                    |constrictor| {
                        let ratio = constrictor.ratio.map(|ratio| format!(" 1:{ratio}")).unwrap_or_default();
                        format!(" with {}{ratio}", constrictor.drug)
                    },
                );
                let most = solution.absolute_max_mg.map(|most: Number| format!("; {most} mg in all"));
                Row {
                    drug: format!("{} {} %{with}", solution.drug, solution.concentration_percent),
                    dose: format!("{} mg in a {} mL cartridge", solution.mg_per_cartridge, solution.cartridge_ml),
                    maximum: Some(format!("{} mg/kg{}", solution.max_mg_per_kg, most.unwrap_or_default())),
                    ..row
                }
            }
            Facts::Classification(_) | Facts::Threshold(_) => return None,
        })
    }
}

fn maximum(single: Option<Amount>, day: Option<Amount>) -> Option<String> {
    let single = single.map(|most| format!("{most} at once"));
    let day = day.map(|most| format!("{most} in 24 hours"));
    present([single, day].into_iter().flatten().collect::<Vec<_>>().join("; "))
}

fn present(text: String) -> Option<String> {
    (!text.is_empty()).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::records::check::tests::{CLASSIFICATION, DOSE, EMERGENCY, PROPHYLAXIS, SOLUTION};

    #[test]
    fn columns_hold_what_the_line_says() {
        let cases: [(&str, [Option<&str>; 7]); 4] = [
            (
                DOSE,
                [
                    Some("amoxicillin"),
                    Some("an adult"),
                    Some("by mouth"),
                    Some("500 to 1,000 mg"),
                    Some("3 times a day (every 8 hours)"),
                    Some("5 days"),
                    Some("3,000 mg in 24 hours"),
                ],
            ),
            (
                PROPHYLAXIS,
                [
                    Some("amoxicillin"),
                    Some("a child"),
                    Some("by mouth"),
                    Some("50 mg/kg"),
                    Some("30 to 60 minutes before the procedure"),
                    None,
                    Some("2,000 mg at once"),
                ],
            ),
            (
                EMERGENCY,
                [
                    Some("adrenaline (epinephrine)"),
                    Some("a child aged 6 months to under 6 years"),
                    Some("into the thigh muscle"),
                    Some("150 mcg, 1 mg/mL, 0.15 mL"),
                    Some("repeat after 5 minutes if there is no improvement."),
                    None,
                    None,
                ],
            ),
            (
                SOLUTION,
                [
                    Some("lidocaine 2 % with adrenaline (epinephrine) 1:80,000"),
                    Some("an adult"),
                    None,
                    Some("44 mg in a 2.2 mL cartridge"),
                    None,
                    None,
                    Some("4.4 mg/kg; 300 mg in all"),
                ],
            ),
        ];
        for (json, expected) in cases {
            let row = serde_json::from_str::<Record>(json).expect(json).row().expect("a row");
            let Row { drug, population, route, dose, frequency, duration, maximum, .. } = &row;
            let found = [
                Some(drug),
                Some(population),
                route.as_ref(),
                Some(dose),
                frequency.as_ref(),
                duration.as_ref(),
                maximum.as_ref(),
            ];
            assert_eq!(found.map(|text| text.map(String::as_str)), expected, "{row:?}");
        }
        assert_eq!(serde_json::from_str::<Record>(CLASSIFICATION).expect("a record").row(), None);
    }
}
