//! The second net of triage: red flags in words that no rule has, by what a message means.
//!
//! Rules only know the words they were given. This net reads the vector that the sentence encoder makes of the question for the search anyway: a
//! multinomial logistic regression (one row of weights a rule; the logit of "nothing" is 0) that was fitted to red flags, near misses and ordinary
//! questions by `python -m mambaformer_training triage`. It only points at a rule; what is shown is that rule's own name, urgency and text. It
//! adds to what the rules found and takes nothing away, and it cannot say which words made it think so: a finding has no evidence.
//!
//! It reads the question alone, not the note, and of a question only what the encoder reads (its first 128 tokens).

mod file;

use super::{Alarm, Assessment, FoundBy, Kind, Triage};
pub use file::{FORMAT, MAX_FILE_BYTES, NetError};
use file::{File, Row};

/// How sure the net is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// Enough for a note: "if a patient has it now".
    Note,
    /// Enough for an alarm.
    Alarm,
}

/// What the net thinks of a question.
#[derive(Debug, Clone, PartialEq)]
pub struct NetFinding {
    /// The likeliest rule's id.
    pub rule: String,
    /// How likely it is that something in the question must alarm, whichever rule it is: 0 to 1.
    pub probability: f32,
    /// What that is enough for.
    pub level: Level,
}

/// The weights of the net, for vectors of one encoder.
#[derive(Debug, Clone)]
pub struct TriageNet {
    encoder: String,
    dimensions: usize,
    alarm: f32,
    note: f32,
    rows: Vec<Row>,
}

impl TriageNet {
    /// Reads `assets/triage_net.json`, checks it against the hash it carries, and that `triage` has every rule it names.
    ///
    /// # Errors
    /// [`NetError`] where the file is too large, not what was sealed, not of this shape, or names a rule that there is not.
    pub fn from_bytes(bytes: &[u8], triage: &Triage) -> Result<Self, NetError> {
        let File { encoder, dimensions, alarm, note, rules: rows, .. } = File::read(bytes)?;
        match rows.iter().find(|row| triage.rule(&row.rule).is_none()) {
            Some(row) => Err(NetError::NoSuchRule { rule: row.rule.clone() }),
            None => Ok(Self { encoder, dimensions, alarm, note, rows }),
        }
    }

    /// An error where the net was fitted to another encoder than the one whose `manifest.json` has this SHA-256 (hexadecimal, either case) and whose
    /// vectors have so many dimensions: its weights mean nothing there.
    ///
    /// # Errors
    /// [`NetError::Encoder`].
    pub fn belongs_to(&self, manifest_sha256: &str, dimensions: usize) -> Result<(), NetError> {
        if self.encoder.eq_ignore_ascii_case(manifest_sha256) && self.dimensions == dimensions {
            return Ok(());
        }
        Err(NetError::Encoder {
            found: self.encoder.clone(),
            found_dimensions: self.dimensions,
            expected: manifest_sha256.to_owned(),
            expected_dimensions: dimensions,
        })
    }

    /// What a question's vector `[dimensions]` of length 1 says; `None` where that is less than a note. A vector of another length, or one that is not
    /// finite, says nothing: [`Self::belongs_to`] refuses its encoder.
    #[must_use]
    pub fn assess(&self, vector: &[f32]) -> Option<NetFinding> {
        if vector.len() != self.dimensions {
            return None;
        }
        let logits: Vec<f32> = self.rows.iter().map(|row| row.logit(vector)).collect();
        let (best, most) = logits.iter().copied().enumerate().max_by(|(_, a), (_, b)| a.total_cmp(b))?;
        if !logits.iter().all(|logit| logit.is_finite()) {
            return None;
        }
        // Shifted by the greatest logit, "nothing" among them, so that no exponential is infinite.
        let shift = most.max(0.0);
        let danger: f32 = logits.iter().map(|logit| (logit - shift).exp()).sum();
        let probability = danger / (danger + (-shift).exp());
        let level = match probability {
            _ if probability >= self.alarm => Level::Alarm,
            _ if probability >= self.note => Level::Note,
            _ => return None,
        };
        Some(NetFinding { rule: self.rows.get(best)?.rule.clone(), probability, level })
    }
}

impl Row {
    fn logit(&self, vector: &[f32]) -> f32 {
        let sum: f32 = self.weights.iter().zip(vector).map(|(weight, value)| f32::from(*weight) * value).sum();
        self.bias + self.scale * sum
    }
}

impl Triage {
    /// Adds what the net found to what the rules found, and says whether that changed anything.
    ///
    /// - A rule that was found already is not told twice, and nothing is added below an alarm that is more urgent.
    /// - Where the rules took the message for a question about a danger (notes and no alarm), an alarm of the net is a note as well.
    /// - A note of the net is added only where the rules found nothing.
    pub fn add(&self, finding: &NetFinding, assessment: &mut Assessment) -> bool {
        let Some(rule) = self.rule(&finding.rule) else { return false };
        let Assessment { alarms, notes } = assessment;
        let known = alarms.iter().chain(&*notes).any(|alarm| alarm.rule == rule.id);
        if known || alarms.first().is_some_and(|first| first.urgency < rule.urgency) {
            return false;
        }
        let asked = alarms.is_empty() && !notes.is_empty();
        let (kind, list) = match finding.level {
            Level::Alarm if asked => (Kind::Note, notes),
            Level::Alarm => (Kind::Alarm, alarms),
            Level::Note if alarms.is_empty() && notes.is_empty() => (Kind::Note, notes),
            Level::Note => return false,
        };
        let at = list.partition_point(|other| other.urgency <= rule.urgency);
        list.insert(
            at,
            Alarm {
                kind,
                found_by: FoundBy::Net,
                rule: rule.id.clone(),
                name: rule.name.clone(),
                urgency: rule.urgency,
                text: self.filled(&rule.text),
                source: rule.source.clone(),
                evidence: Vec::new(),
            },
        );
        true
    }
}

#[cfg(test)]
mod tests;
