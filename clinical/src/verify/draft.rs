//! What is checked, and what the check says.

use std::ops::Range;

use crate::records::Region;

/// What a span is taken from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A passage of the knowledge base.
    Passage,
    /// A line of a record.
    Record,
    /// The patient's note: facts about this patient, never advice.
    Note,
}

/// Whom a source is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Group {
    /// Everybody.
    All,
    /// Adults.
    Adult,
    /// Older adults.
    OlderAdult,
    /// Children.
    Child,
    /// Pregnant patients.
    Pregnancy,
}

impl Group {
    /// The group by its name in the data ("older adult"); a name that is not known is [`Group::All`], which forbids nothing.
    #[must_use]
    pub fn from_name(name: &str) -> Group {
        match name {
            "adult" => Group::Adult,
            "older adult" => Group::OlderAdult,
            "child" => Group::Child,
            "pregnancy" => Group::Pregnancy,
            _ => Group::All,
        }
    }

    /// Its name, as in the data.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Group::All => "all",
            Group::Adult => "adult",
            Group::OlderAdult => "older adult",
            Group::Child => "child",
            Group::Pregnancy => "pregnancy",
        }
    }
}

/// A text an answer may be taken from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Source<'a> {
    /// Its identifier; two sources are the same where their identifiers are.
    pub id: &'a str,
    /// The text.
    pub text: &'a str,
    /// The byte ranges of its sentences, in order.
    pub sentences: &'a [Range<usize>],
    /// What it is.
    pub kind: Kind,
    /// Whom it is about.
    pub group: Group,
    /// Where it holds.
    pub region: Region,
}

impl<'a> Source<'a> {
    /// The text of sentence `index`.
    pub(super) fn sentence(&self, index: usize) -> Option<&'a str> {
        self.text.get(self.sentences.get(index)?.clone())
    }
}

/// A cited part of a source.
#[derive(Debug, Clone, PartialEq)]
pub struct Span<'a> {
    /// Where it stands.
    pub source: Source<'a>,
    /// Its bytes there.
    pub range: Range<usize>,
}

impl<'a> Span<'a> {
    /// The cited text; empty where the range does not fit the source.
    #[must_use]
    pub fn text(&self) -> &'a str {
        self.source.text.get(self.range.clone()).unwrap_or_default()
    }

    /// Whether the range cites anything.
    pub(super) fn is_sound(&self) -> bool {
        !self.text().trim().is_empty() && self.touched().is_some()
    }

    /// The first and last sentence it touches.
    pub(super) fn touched(&self) -> Option<(usize, usize)> {
        let touches = |sentence: &Range<usize>| sentence.start < self.range.end && self.range.start < sentence.end;
        let first = self.source.sentences.iter().position(touches)?;
        let last = self.source.sentences.iter().rposition(touches)?;
        Some((first, last))
    }

    /// The same, made of whole sentences `first..=last` of its source.
    pub(super) fn whole(source: Source<'a>, first: usize, last: usize) -> Option<Span<'a>> {
        let range = source.sentences.get(first)?.start..source.sentences.get(last)?.end;
        Some(Span { source, range })
    }

    /// Whether this span holds all of `other`.
    pub(super) fn covers(&self, other: &Span<'_>) -> bool {
        self.source.id == other.source.id && self.range.start <= other.range.start && other.range.end <= self.range.end
    }
}

/// A sentence of an answer before it is shown as supported.
#[derive(Debug, Clone, PartialEq)]
pub struct Draft<'a> {
    /// The sentence.
    pub text: &'a str,
    /// What it was taken from, in the order of its words; empty for an opening ("Yes.").
    pub spans: Vec<Span<'a>>,
}

/// What the check says of a sentence.
#[derive(Debug, Clone, PartialEq)]
pub enum Verdict<'a> {
    /// It may be shown as it is.
    Holds,
    /// Shown are the passages' own sentences instead of it.
    Repaired {
        /// What is written in its place, in this order.
        extend: Vec<Span<'a>>,
        /// What was wrong.
        reason: Reason,
    },
    /// It must not be shown.
    Withheld {
        /// What was wrong.
        reason: Reason,
    },
}

impl Verdict<'_> {
    /// What was wrong, if anything was.
    #[must_use]
    pub fn reason(&self) -> Option<&Reason> {
        match self {
            Verdict::Holds => None,
            Verdict::Repaired { reason, .. } | Verdict::Withheld { reason } => Some(reason),
        }
    }
}

/// Why a sentence of an answer does not hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    /// Text without a source that is no opening.
    #[error("nothing is cited for it")]
    NoSource,
    /// A citation that does not lie in its source.
    #[error("its citation does not lie in the text of `{source_id}`")]
    BrokenSpan {
        /// The source.
        source_id: String,
    },
    /// Words that differ from the cited ones although every one of them occurs there.
    #[error("it does not repeat its source word for word")]
    Altered,
    /// A number that the cited sentences do not hold.
    #[error("the number `{number}` does not stand in the cited sentences")]
    Number {
        /// The number with the word behind it.
        number: String,
    },
    /// A drug that the cited sentences do not name.
    #[error("the drug `{drug}` does not stand in the cited sentences")]
    Drug {
        /// Its name.
        drug: String,
    },
    /// A word that turns or limits the meaning was lost.
    #[error("the source's `{word}` was lost")]
    LostLimit {
        /// The word.
        word: String,
    },
    /// A word that turns or limits the meaning was added or moved.
    #[error("`{word}` was added to or moved in what the source says")]
    AddedLimit {
        /// The word.
        word: String,
    },
    /// A content word that the cited sentences do not hold.
    #[error("the word `{word}` does not stand in the cited sentences")]
    Word {
        /// The word.
        word: String,
    },
    /// The sentence refers back to one that is not there.
    #[error("`{anaphor}` refers to a sentence that is not in the answer")]
    MissingAntecedent {
        /// The word that refers back.
        anaphor: String,
    },
    /// A condition, exception or negation of the source's sentence was cut off.
    #[error("the source's `{cue}` was cut off")]
    CutCondition {
        /// The word that begins or carries it.
        cue: String,
    },
    /// A clause that cannot stand alone.
    #[error("`{word}` leaves half a sentence")]
    Fragment {
        /// The word at the cut.
        word: String,
    },
    /// The announcement of a list without the list.
    #[error("it announces a list that does not follow")]
    MissingList,
    /// Two groups of patients in one answer without both being named.
    #[error("it is about another group of patients ({found}) than the sentence before it ({expected})")]
    MixedGroups {
        /// The group of the earlier sentence.
        expected: &'static str,
        /// The group of this one.
        found: &'static str,
    },
    /// Guidance of two regions in one answer without both being named.
    #[error("it is guidance for another region ({found}) than the sentence before it ({expected})")]
    MixedRegions {
        /// The region of the earlier sentence.
        expected: String,
        /// The region of this one.
        found: String,
    },
    /// A dose beside another drug than in its source.
    #[error("the dose `{dose}` stands beside another drug than in its source")]
    MovedDose {
        /// The dose.
        dose: String,
    },
    /// Two sentences say the opposite of each other.
    #[error("it says the opposite of an earlier sentence of the answer")]
    Contradiction,
    /// A sentence of the note that gives advice or orders.
    #[error("`{word}` in the note is no fact about the patient; a note is never a source of advice")]
    NoteAsAdvice {
        /// The word that shows it.
        word: String,
    },
}
