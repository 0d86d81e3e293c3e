//! Vectors of the knowledge base's lines, and how near each is to a question's: retrieval by meaning.
//!
//! A sentence encoder makes one vector of length 1 per *line* (a sentence of a passage or a line of a record, read together with its
//! title: [`line_text`]) and, where that is wanted, per whole entry ([`whole_text`]). They are made once, kept as 8-bit integers with a
//! scale each, and a question's vector is compared with all of them: a few million products.
//!
//! The file, all numbers little-endian:
//!
//! | bytes | what |
//! | --- | --- |
//! | 8 | `MFVECTOR` |
//! | 4, 4, 4 | version (1), dimensions, number of vectors |
//! | 64 | SHA-256 of the knowledge base's content, in hexadecimal |
//! | 64 | SHA-256 of the encoder's `manifest.json`, in hexadecimal |
//! | 64 | SHA-256 of all other bytes of the file, in hexadecimal |
//! | 8 each | what each vector is of: the entry, and its line (`0xffff_ffff`: the whole entry); ascending |
//! | 4 each | scale, f32 |
//! | dimensions each | integers -127 to 127; value = integer * scale |

use std::fmt;

use crate::integrity::{HashMismatch, sha256_hex};

/// The first bytes of a file.
pub const MAGIC: [u8; 8] = *b"MFVECTOR";
/// The version this reader knows.
pub const VERSION: u32 = 1;
/// The most dimensions of a vector. Products of a vector are summed in 32 bits, see [`QueryVector`].
pub const MAX_DIMENSIONS: usize = 1_024;
/// The most vectors in a file.
pub const MAX_VECTORS: usize = 200_000;
/// The largest file, in bytes.
pub const MAX_FILE_BYTES: usize = 64 << 20;

const HASH_BYTES: usize = 64;
/// Magic, three numbers, three hashes.
const HEADER_BYTES: usize = 8 + 3 * 4 + 3 * HASH_BYTES;
/// Where the hash of all other bytes stands.
const CONTENT_HASH: std::ops::Range<usize> = HEADER_BYTES - HASH_BYTES..HEADER_BYTES;
/// The line that stands for the whole entry.
const WHOLE: u32 = u32::MAX;
/// The largest integer of a stored value.
const LARGEST: f32 = 127.0;

/// What a vector is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Unit {
    /// Place of the entry in the knowledge base.
    pub entry: u32,
    /// Which part of it.
    pub part: Part,
}

/// A part of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    /// A sentence or record line, by its place in the entry.
    Line(u32),
    /// Title and text as one.
    Whole,
}

impl Unit {
    fn read([entry, line]: [u32; 2]) -> Self {
        Self { entry, part: if line == WHOLE { Part::Whole } else { Part::Line(line) } }
    }

    /// `None` for a line whose number is taken for the whole.
    fn write(self) -> Option<[u32; 2]> {
        match self.part {
            Part::Whole => Some([self.entry, WHOLE]),
            Part::Line(line) => (line < WHOLE).then_some([self.entry, line]),
        }
    }
}

impl fmt::Display for Unit {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.part {
            Part::Line(line) => write!(formatter, "line {line} of entry {}", self.entry),
            Part::Whole => write!(formatter, "entry {}", self.entry),
        }
    }
}

/// What the encoder reads for a line; the training reads the same.
#[must_use]
pub fn line_text(title: &str, line: &str) -> String {
    format!("{title}. {line}")
}

/// What the encoder reads for a whole entry.
#[must_use]
pub fn whole_text(title: &str, text: &str) -> String {
    line_text(title, text)
}

/// Vectors that cannot be used.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum DenseError {
    /// Too large to be one.
    #[error("the file of vectors has {found_bytes} bytes, at most {MAX_FILE_BYTES} are read; make it of fewer vectors")]
    TooLarge {
        /// Its size in bytes.
        found_bytes: usize,
    },
    /// Something else.
    #[error("this is no file of vectors (it does not begin with MFVECTOR); make one with `cargo xtask embed`")]
    Magic,
    /// A file of another time.
    #[error(
        "the file of vectors has version {found}, this program reads {VERSION}; make it anew with `cargo xtask embed`"
    )]
    Version {
        /// The version it names.
        found: u32,
    },
    /// No or too many dimensions.
    #[error("vectors of {found} dimensions, 1 to {MAX_DIMENSIONS} are taken; give the encoder a smaller projection")]
    Dimensions {
        /// How many there are.
        found: usize,
    },
    /// No or too many vectors.
    #[error("{found} vectors, 1 to {MAX_VECTORS} are taken")]
    Count {
        /// How many there are.
        found: usize,
    },
    /// Cut short, or with bytes behind the last vector.
    #[error("the file of vectors has {found} bytes, its header asks for {expected}; load it again")]
    Length {
        /// Its size in bytes.
        found: usize,
        /// By the header.
        expected: usize,
    },
    /// Damaged.
    #[error(transparent)]
    Hash(#[from] HashMismatch),
    /// A hash that is none.
    #[error("the {what} hash of the vectors is not 64 hexadecimal digits; make the file anew with `cargo xtask embed`")]
    HashForm {
        /// "knowledge base's" or "encoder's".
        what: &'static str,
    },
    /// Units not in ascending order, or twice.
    #[error("vector {index} is of {unit}, which does not come after the one before it; units must ascend")]
    Order {
        /// Place of the vector.
        index: usize,
        /// What it is of.
        unit: Unit,
    },
    /// A vector of another length.
    #[error("the vector of {unit} has {found} dimensions, expected are {expected}; make all with one encoder")]
    Width {
        /// What it is of.
        unit: Unit,
        /// Its dimensions.
        found: usize,
        /// Those of the others.
        expected: usize,
    },
    /// A number that is not finite, or an integer or scale that no writer makes.
    #[error("the vector of {unit} holds a number it cannot have; make the file anew with `cargo xtask embed`")]
    Value {
        /// What it is of.
        unit: Unit,
    },
    /// A question's vector of another length, or not finite.
    #[error(
        "the question's vector has {found} dimensions or is not finite, the entries' have {expected}; encoder and vectors do not belong together"
    )]
    Query {
        /// Its dimensions.
        found: usize,
        /// Those of the entries.
        expected: usize,
    },
    /// Vectors of another knowledge base or encoder.
    #[error(
        "the vectors were made with another {what} ({found}, here is {expected}); make them anew with `cargo xtask embed`"
    )]
    MadeWith {
        /// "knowledge base" or "encoder".
        what: &'static str,
        /// The hash in the file.
        found: String,
        /// The hash of what is there.
        expected: String,
    },
}

/// The vectors of a knowledge base.
#[derive(Debug, Clone, PartialEq)]
pub struct DenseIndex {
    dimensions: usize,
    knowledge: String,
    encoder: String,
    units: Vec<Unit>,
    /// `[vectors]`
    scales: Vec<f32>,
    /// `[vectors, dimensions]`
    values: Vec<i8>,
}

/// A unit and its cosine with the question.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DenseHit {
    /// What is near.
    pub unit: Unit,
    /// The cosine, -1 to 1 but for rounding.
    pub cosine: f32,
}

impl DenseIndex {
    /// Reads a file and checks every byte of it.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, DenseError> {
        if bytes.len() > MAX_FILE_BYTES {
            return Err(DenseError::TooLarge { found_bytes: bytes.len() });
        }
        if !bytes.starts_with(&MAGIC) {
            return Err(DenseError::Magic);
        }
        let short = |expected| DenseError::Length { found: bytes.len(), expected };
        let (header, payload) = bytes.split_at_checked(HEADER_BYTES).ok_or(short(HEADER_BYTES))?;
        let [version, dimensions, count] =
            numbers::<3>(header.get(MAGIC.len()..).unwrap_or_default()).ok_or(short(HEADER_BYTES))?;
        if version != VERSION {
            return Err(DenseError::Version { found: version });
        }
        let (dimensions, count) = (to_usize(dimensions), to_usize(count));
        check_sizes(dimensions, count)?;
        let expected = HEADER_BYTES + count * (8 + 4 + dimensions);
        if bytes.len() != expected {
            return Err(short(expected));
        }
        let hash = |place: usize, what| {
            let start = HEADER_BYTES - (3 - place) * HASH_BYTES;
            hexadecimal(header.get(start..start + HASH_BYTES).unwrap_or_default()).ok_or(DenseError::HashForm { what })
        };
        let (knowledge, encoder) = (hash(0, "knowledge base's")?, hash(1, "encoder's")?);
        let content = hash(2, "content's")?;
        let found = content_sha256(header, payload);
        if found != content {
            let bytes = bytes.len();
            return Err(HashMismatch { file: "the file of vectors", expected: content, found, bytes }.into());
        }
        let (units, rest) = payload.split_at(count * 8);
        let (scales, values) = rest.split_at(count * 4);
        let index = Self {
            dimensions,
            knowledge,
            encoder,
            units: units.chunks_exact(8).filter_map(numbers::<2>).map(Unit::read).collect(),
            scales: scales.chunks_exact(4).filter_map(numbers::<1>).map(|[bits]| f32::from_bits(bits)).collect(),
            values: values.iter().map(|byte| byte.cast_signed()).collect(),
        };
        index.check()?;
        Ok(index)
    }

    fn check(&self) -> Result<(), DenseError> {
        for (index, pair) in self.units.windows(2).enumerate() {
            if let &[before, unit] = pair
                && before >= unit
            {
                return Err(DenseError::Order { index: index + 1, unit });
            }
        }
        for ((&unit, scale), values) in self.units.iter().zip(&self.scales).zip(self.values.chunks(self.dimensions)) {
            if !scale.is_finite() || *scale < 0.0 || values.contains(&i8::MIN) {
                return Err(DenseError::Value { unit });
            }
        }
        Ok(())
    }

    /// An error where the vectors are of another knowledge base or encoder than these (both SHA-256 in hexadecimal: the knowledge
    /// base's of its content, the encoder's of its `manifest.json`).
    pub fn belongs_to(&self, knowledge: &str, encoder: &str) -> Result<(), DenseError> {
        for (what, found, expected) in
            [("knowledge base", &self.knowledge, knowledge), ("encoder", &self.encoder, encoder)]
        {
            if !found.eq_ignore_ascii_case(expected) {
                return Err(DenseError::MadeWith { what, found: found.clone(), expected: expected.to_owned() });
            }
        }
        Ok(())
    }

    /// Width of the vectors.
    #[must_use]
    pub fn dimensions(&self) -> usize {
        self.dimensions
    }

    /// What the vectors are of, in the order of [`Self::cosines`].
    #[must_use]
    pub fn units(&self) -> &[Unit] {
        &self.units
    }

    /// The cosine of every unit with a question's vector `[dimensions]` of length 1.
    pub fn cosines(&self, query: &[f32]) -> Result<Vec<f32>, DenseError> {
        let failed = DenseError::Query { found: query.len(), expected: self.dimensions };
        if query.len() != self.dimensions {
            return Err(failed);
        }
        let query = QueryVector::new(query).ok_or(failed)?;
        let rows = self.values.chunks_exact(self.dimensions);
        Ok(rows.zip(&self.scales).map(|(row, scale)| query.dot(row) * scale).collect())
    }

    /// The `limit` units nearest to a question's vector, best first; of equal ones the first in the knowledge base.
    pub fn search(&self, query: &[f32], limit: usize) -> Result<Vec<DenseHit>, DenseError> {
        let cosines = self.cosines(query)?;
        let mut hits: Vec<DenseHit> =
            self.units.iter().zip(cosines).map(|(&unit, cosine)| DenseHit { unit, cosine }).collect();
        let order = |a: &DenseHit, b: &DenseHit| b.cosine.total_cmp(&a.cosine).then(a.unit.cmp(&b.unit));
        if (1..hits.len()).contains(&limit) {
            hits.select_nth_unstable_by(limit, order);
        }
        hits.truncate(limit);
        hits.sort_unstable_by(order);
        Ok(hits)
    }

    /// How near everything is to a vector.
    pub fn similarities(&self, vector: &[f32], entries: usize) -> Result<Similarities, DenseError> {
        let cosines = self.cosines(vector)?;
        let best = self.best_by_entry(&cosines, entries);
        let line = |(unit, cosine): (&Unit, f32)| match unit.part {
            Part::Line(line) => Some(((unit.entry, line), cosine)),
            Part::Whole => None,
        };
        Ok(Similarities {
            entries: best.into_iter().map(|cosine| cosine.unwrap_or(f32::NAN)).collect(),
            lines: self.units().iter().zip(cosines).filter_map(line).collect(),
        })
    }

    /// The best of [`Self::cosines`] for each of `entries` entries, whatever part of it is that near; `None` for entries without vectors.
    #[must_use]
    pub fn best_by_entry(&self, cosines: &[f32], entries: usize) -> Vec<Option<f32>> {
        let mut best: Vec<Option<f32>> = vec![None; entries];
        for (unit, cosine) in self.units.iter().zip(cosines) {
            if let Some(best) = best.get_mut(to_usize(unit.entry)) {
                *best = Some(best.map_or(*cosine, |best| best.max(*cosine)));
            }
        }
        best
    }
}

/// Makes a file of vectors, unit by unit.
#[derive(Debug)]
pub struct DenseWriter {
    index: DenseIndex,
}

impl DenseWriter {
    /// For vectors of an encoder of so many dimensions. Both hashes are SHA-256 in hexadecimal: the knowledge base's of its content, the
    /// encoder's of its `manifest.json`.
    pub fn new(dimensions: usize, knowledge: &str, encoder: &str) -> Result<Self, DenseError> {
        check_sizes(dimensions, 1)?;
        let hash = |text: &str, what| hexadecimal(text.as_bytes()).ok_or(DenseError::HashForm { what });
        Ok(Self {
            index: DenseIndex {
                dimensions,
                knowledge: hash(knowledge, "knowledge base's")?,
                encoder: hash(encoder, "encoder's")?,
                units: Vec::new(),
                scales: Vec::new(),
                values: Vec::new(),
            },
        })
    }

    /// Adds a unit's vector; units ascend.
    pub fn push(&mut self, unit: Unit, vector: &[f32]) -> Result<(), DenseError> {
        let index = &mut self.index;
        if vector.len() != index.dimensions {
            return Err(DenseError::Width { unit, found: vector.len(), expected: index.dimensions });
        }
        if unit.write().is_none() || index.units.last().is_some_and(|last| *last >= unit) {
            return Err(DenseError::Order { index: index.units.len(), unit });
        }
        check_sizes(index.dimensions, index.units.len() + 1)?;
        let largest = vector.iter().fold(0.0_f32, |largest, value| largest.max(value.abs()));
        if !largest.is_finite() || vector.iter().any(|value| value.is_nan()) {
            return Err(DenseError::Value { unit });
        }
        index.units.push(unit);
        index.scales.push(largest / LARGEST);
        index.values.extend(vector.iter().map(|value| rounded_byte(value / largest)));
        Ok(())
    }

    /// The bytes of the file.
    pub fn finish(self) -> Result<Vec<u8>, DenseError> {
        let DenseIndex { dimensions, knowledge, encoder, units, scales, values } = self.index;
        check_sizes(dimensions, units.len())?;
        let mut bytes = Vec::with_capacity(HEADER_BYTES + units.len() * (8 + 4 + dimensions));
        bytes.extend_from_slice(&MAGIC);
        for (number, error) in [
            (to_usize(VERSION), DenseError::Magic),
            (dimensions, DenseError::Dimensions { found: dimensions }),
            (units.len(), DenseError::Count { found: units.len() }),
        ] {
            bytes.extend_from_slice(&u32::try_from(number).map_err(|_| error)?.to_le_bytes());
        }
        bytes.extend_from_slice(knowledge.as_bytes());
        bytes.extend_from_slice(encoder.as_bytes());
        bytes.extend_from_slice(&[0; HASH_BYTES]);
        bytes.extend(units.into_iter().filter_map(Unit::write).flatten().flat_map(u32::to_le_bytes));
        bytes.extend(scales.into_iter().flat_map(f32::to_le_bytes));
        bytes.extend(values.into_iter().map(i8::cast_unsigned));
        let found_bytes = bytes.len();
        if found_bytes > MAX_FILE_BYTES {
            return Err(DenseError::TooLarge { found_bytes });
        }
        let (header, payload) = bytes.split_at_mut(HEADER_BYTES);
        let hash = content_sha256(header, payload);
        if let Some(place) = header.get_mut(CONTENT_HASH) {
            place.copy_from_slice(hash.as_bytes());
        }
        Ok(bytes)
    }
}

/// A question's vector in 16 bits or a little less: so few that no sum of products with 8-bit vectors of its length exceeds 32 bits.
struct QueryVector {
    values: Vec<i16>,
    scale: f32,
}

impl QueryVector {
    /// `None` where a value is not finite.
    fn new(vector: &[f32]) -> Option<Self> {
        let most = i32::MAX / (127 * i32::try_from(vector.len().max(1)).ok()?);
        let limit = f32::from(i16::try_from(most).unwrap_or(i16::MAX));
        let largest = vector.iter().fold(0.0_f32, |largest, value| largest.max(value.abs()));
        if !largest.is_finite() || vector.iter().any(|value| value.is_nan()) {
            return None;
        }
        let inverse = if largest > 0.0 { limit / largest } else { 0.0 };
        // A largest value of nearly nothing has an inverse beyond all numbers; such a vector is nothing.
        let inverse = if inverse.is_finite() { inverse } else { 0.0 };
        #[allow(clippy::cast_possible_truncation)] // clamped to the limit, which i16 holds
        let integer = |value: &f32| (value * inverse).round_ties_even().clamp(-limit, limit) as i16;
        Some(Self { values: vector.iter().map(integer).collect(), scale: largest / limit })
    }

    /// The product with a row of integers; whole numbers, so every machine and every order of the sum gives the same.
    fn dot(&self, row: &[i8]) -> f32 {
        let sum: i32 = self.values.iter().zip(row).map(|(&a, &b)| i32::from(a) * i32::from(b)).sum();
        sum as f32 * self.scale
    }
}

/// `share * 127` as the nearest integer; 0 where it is not a number (a vector of zeros).
#[allow(clippy::cast_possible_truncation)] // clamped to the range of i8; a cast of NaN gives 0
fn rounded_byte(share: f32) -> i8 {
    (share * LARGEST).round_ties_even().clamp(-LARGEST, LARGEST) as i8
}

fn check_sizes(dimensions: usize, count: usize) -> Result<(), DenseError> {
    if !(1..=MAX_DIMENSIONS).contains(&dimensions) {
        return Err(DenseError::Dimensions { found: dimensions });
    }
    if !(1..=MAX_VECTORS).contains(&count) {
        return Err(DenseError::Count { found: count });
    }
    Ok(())
}

/// The first N numbers of some bytes.
fn numbers<const N: usize>(bytes: &[u8]) -> Option<[u32; N]> {
    let (fours, _) = bytes.as_chunks::<4>();
    Some(fours.first_chunk::<N>()?.map(u32::from_le_bytes))
}

/// A SHA-256 in hexadecimal, in lower case.
fn hexadecimal(bytes: &[u8]) -> Option<String> {
    let valid = bytes.len() == HASH_BYTES && bytes.iter().all(u8::is_ascii_hexdigit);
    let text = std::str::from_utf8(bytes).ok().filter(|_| valid)?;
    Some(text.to_ascii_lowercase())
}

/// The hash of header and payload, without the place where it stands itself.
fn content_sha256(header: &[u8], payload: &[u8]) -> String {
    let before = header.get(..CONTENT_HASH.start).unwrap_or_default();
    sha256_hex(&[before, payload].concat())
}

fn to_usize(number: u32) -> usize {
    // Every machine this runs on has 32 bits or more.
    usize::try_from(number).unwrap_or(usize::MAX)
}

/// How near the knowledge base is to a question.
#[derive(Debug, Clone, Default)]
pub struct Similarities {
    /// `[entries]`: cosine of the nearest line; not a number where an entry has no vector.
    pub entries: Vec<f32>,
    /// Cosine of each line, by entry and place in it, ascending.
    lines: Vec<((u32, u32), f32)>,
}

impl Similarities {
    /// The cosine of the nearest entry.
    #[must_use]
    pub fn nearest(&self) -> f32 {
        self.entries.iter().copied().fold(f32::NEG_INFINITY, f32::max)
    }

    /// The cosine of a line.
    #[must_use]
    pub fn line(&self, entry: usize, line: usize) -> Option<f32> {
        let key = (u32::try_from(entry).ok()?, u32::try_from(line).ok()?);
        let at = self.lines.binary_search_by_key(&key, |(unit, _)| *unit).ok()?;
        self.lines.get(at).map(|(_, cosine)| *cosine)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const KNOWLEDGE: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    const ENCODER: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    fn line(entry: u32, line: u32) -> Unit {
        Unit { entry, part: Part::Line(line) }
    }

    fn whole(entry: u32) -> Unit {
        Unit { entry, part: Part::Whole }
    }

    /// Directions of a small set, `[unit, vector]`.
    fn directions() -> Vec<(Unit, Vec<f32>)> {
        vec![
            (line(0, 0), vec![1.0, 0.0, 0.0]),
            (line(0, 1), vec![0.6, 0.8, 0.0]),
            (whole(0), vec![0.0, 0.6, 0.8]),
            (line(2, 0), vec![0.0, 0.0, 0.0]),
            (line(2, 7), vec![-0.6, 0.0, 0.8]),
        ]
    }

    fn file(vectors: &[(Unit, Vec<f32>)]) -> Vec<u8> {
        let mut writer = DenseWriter::new(vectors[0].1.len(), KNOWLEDGE, &ENCODER.to_uppercase()).expect("starts");
        for (unit, vector) in vectors {
            writer.push(*unit, vector).expect("takes the vector");
        }
        writer.finish().expect("writes")
    }

    /// The file with its content hash made right again.
    fn resealed(mut bytes: Vec<u8>) -> Vec<u8> {
        let (header, payload) = bytes.split_at_mut(HEADER_BYTES);
        let hash = content_sha256(header, payload);
        header[CONTENT_HASH].copy_from_slice(hash.as_bytes());
        bytes
    }

    #[test]
    fn what_was_written_is_found() {
        let bytes = file(&directions());
        assert_eq!(bytes.len(), HEADER_BYTES + 5 * (8 + 4 + 3));
        let index = DenseIndex::from_bytes(&bytes).expect("reads");
        assert_eq!(index.dimensions(), 3);
        assert_eq!(index.units(), directions().iter().map(|(unit, _)| *unit).collect::<Vec<_>>());
        index.belongs_to(KNOWLEDGE, ENCODER).expect("its own");

        let query = [0.6, 0.8, 0.0];
        for ((unit, vector), cosine) in directions().iter().zip(index.cosines(&query).expect("fits")) {
            let expected: f32 = vector.iter().zip(query).map(|(a, b)| a * b).sum();
            assert!((cosine - expected).abs() < 5e-3, "{unit}: {cosine}, expected {expected}");
        }
        let hits = index.search(&query, 3).expect("fits");
        assert_eq!(hits.iter().map(|hit| hit.unit).collect::<Vec<_>>(), [line(0, 1), line(0, 0), whole(0)]);
        assert_eq!(index.search(&query, 99).expect("fits").len(), 5);
        assert!(index.search(&query, 0).expect("fits").is_empty());
        let best = index.best_by_entry(&index.cosines(&query).expect("fits"), 4);
        assert!((best[0].expect("has vectors") - 1.0).abs() < 5e-3);
        assert_eq!(best[1..], [None, Some(0.0), None]);
    }

    #[test]
    fn equal_cosines_stand_in_the_order_of_the_knowledge_base() {
        let same: Vec<(Unit, Vec<f32>)> = (0..40).map(|entry| (line(entry, 0), vec![0.6, 0.8])).collect();
        let index = DenseIndex::from_bytes(&file(&same)).expect("reads");
        let hits = index.search(&[1.0, 0.0], 7).expect("fits");
        assert_eq!(hits.iter().map(|hit| hit.unit.entry).collect::<Vec<_>>(), (0..7).collect::<Vec<_>>());
    }

    #[test]
    fn vectors_of_something_else_are_refused() {
        let index = DenseIndex::from_bytes(&file(&directions())).expect("reads");
        for (knowledge, encoder, what) in [(ENCODER, ENCODER, "knowledge base"), (KNOWLEDGE, KNOWLEDGE, "encoder")] {
            let message = index.belongs_to(knowledge, encoder).expect_err(what).to_string();
            assert!(message.contains(what) && message.contains("cargo xtask embed"), "{message}");
        }
        for query in [&[1.0, 0.0][..], &[1.0; 4], &[f32::NAN, 0.0, 0.0], &[f32::INFINITY, 0.0, 0.0]] {
            assert!(matches!(index.cosines(query), Err(DenseError::Query { .. })), "{query:?}");
        }
        assert_eq!(index.cosines(&[0.0; 3]).expect("a vector of nothing is near nothing"), [0.0; 5]);
        assert_eq!(index.cosines(&[f32::from_bits(1); 3]).expect("nearly nothing"), [0.0; 5]);
    }

    #[test]
    fn what_cannot_be_written() {
        let new = |dimensions| DenseWriter::new(dimensions, KNOWLEDGE, ENCODER);
        assert_eq!(new(0).expect_err("none"), DenseError::Dimensions { found: 0 });
        assert_eq!(new(1_025).expect_err("many"), DenseError::Dimensions { found: 1_025 });
        for hash in ["", "abc", &KNOWLEDGE.replace('b', "g")] {
            assert!(matches!(DenseWriter::new(3, hash, ENCODER), Err(DenseError::HashForm { .. })), "{hash}");
        }
        assert_eq!(new(3).expect("starts").finish(), Err(DenseError::Count { found: 0 }));
        let mut writer = new(2).expect("starts");
        writer.push(line(1, 5), &[1.0, 0.0]).expect("the first");
        for unit in [line(1, 5), line(1, 4), whole(0), line(1, u32::MAX)] {
            assert!(matches!(writer.push(unit, &[1.0, 0.0]), Err(DenseError::Order { index: 1, .. })), "{unit}");
        }
        assert!(matches!(writer.push(whole(1), &[1.0]), Err(DenseError::Width { found: 1, expected: 2, .. })));
        for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            assert!(matches!(writer.push(whole(1), &[0.5, bad]), Err(DenseError::Value { .. })), "{bad}");
        }
        writer.push(whole(1), &[1.0, 0.0]).expect("what was refused left nothing behind");
        assert_eq!(DenseIndex::from_bytes(&writer.finish().expect("writes")).expect("reads").units().len(), 2);
    }

    #[test]
    fn what_cannot_be_read() {
        let good = file(&directions());
        let altered = |at: usize, bytes: &[u8]| {
            let mut file = good.clone();
            file[at..at + bytes.len()].copy_from_slice(bytes);
            resealed(file)
        };
        let units = HEADER_BYTES;
        let scales = units + 5 * 8;
        let values = scales + 5 * 4;
        let cases = [
            (Vec::new(), "no file of vectors"),
            (b"MFVECTO".to_vec(), "no file of vectors"),
            (MAGIC.to_vec(), "has 8 bytes, its header asks for 212"),
            (altered(0, b"m"), "no file of vectors"),
            (altered(8, &2_u32.to_le_bytes()), "has version 2"),
            (altered(12, &0_u32.to_le_bytes()), "vectors of 0 dimensions"),
            (altered(12, &2_000_u32.to_le_bytes()), "vectors of 2000 dimensions"),
            (altered(16, &0_u32.to_le_bytes()), "0 vectors"),
            (altered(16, &u32::MAX.to_le_bytes()), "4294967295 vectors"),
            (altered(16, &4_u32.to_le_bytes()), "its header asks for 272"),
            (good[..good.len() - 1].to_vec(), "its header asks for 287"),
            ([&good[..], &[0]].concat(), "its header asks for 287"),
            (altered(20, b"z"), "knowledge base's hash"),
            (altered(84, b"Z"), "encoder's hash"),
            (altered(units + 4, &1_u32.to_le_bytes()), "line 1 of entry 0, which does not come after"),
            (altered(scales, &f32::NAN.to_le_bytes()), "line 0 of entry 0 holds a number"),
            (altered(scales + 4, &(-1.0_f32).to_le_bytes()), "line 1 of entry 0 holds a number"),
            (altered(values + 8, &[0x80]), "the vector of entry 0 holds a number"),
        ];
        for (bytes, expected) in cases {
            let message = DenseIndex::from_bytes(&bytes).expect_err(expected).to_string();
            assert!(message.contains(expected), "{message}, expected {expected}");
        }
        let large = vec![0; MAX_FILE_BYTES + 1];
        assert_eq!(DenseIndex::from_bytes(&large), Err(DenseError::TooLarge { found_bytes: large.len() }));
    }

    #[test]
    fn the_largest_vectors_do_not_overflow() {
        let (ones, mixed) = (
            vec![1.0; MAX_DIMENSIONS],
            (0..1_024).map(|at| if at % 2 == 0 { 1.0 } else { -1.0 }).collect::<Vec<f32>>(),
        );
        let index = DenseIndex::from_bytes(&file(&[(line(0, 0), ones.clone()), (line(0, 1), mixed)])).expect("reads");
        let found = index.cosines(&ones).expect("fits");
        assert!((found[0] - 1_024.0).abs() < 0.5 && found[1].abs() < 0.5, "{found:?}");
    }

    #[test]
    fn every_flipped_bit_is_seen() {
        let good = file(&directions());
        for bit in 0..good.len() * 8 {
            let mut altered = good.clone();
            altered[bit / 8] ^= 1 << (bit % 8);
            let case = bit % 8 == 5 && altered[bit / 8].is_ascii_alphabetic();
            let read = DenseIndex::from_bytes(&altered);
            // The case of a letter of the content hash says nothing.
            let harmless = case && CONTENT_HASH.contains(&(bit / 8));
            assert_eq!(read.is_ok(), harmless, "bit {bit}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1_000))]

        /// Bytes changed anywhere, the hash made right again: an error or vectors that hold what every reader may rely on.
        #[test]
        fn altered_bytes(changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6), cut in any::<prop::sample::Index>()) {
            let mut bytes = file(&directions());
            for (at, byte) in changes {
                let at = at.index(bytes.len());
                bytes[at] = byte;
            }
            let bytes = resealed(bytes);
            if let Ok(index) = DenseIndex::from_bytes(&bytes) {
                prop_assert!(index.units().is_sorted());
                let cosines = index.cosines(&vec![0.5; index.dimensions()]).expect("fits");
                prop_assert!(cosines.iter().all(|cosine| !cosine.is_nan()));
            }
            let cut = cut.index(bytes.len());
            prop_assert!(DenseIndex::from_bytes(&bytes[..cut]).is_err());
        }

        #[test]
        fn noise(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            prop_assert!(DenseIndex::from_bytes(&bytes).is_err());
            prop_assert!(DenseIndex::from_bytes(&[&MAGIC[..], &bytes].concat()).is_err());
        }

        /// 8 bits keep cosines of unit vectors to a hundredth, whatever the dimensions.
        #[test]
        fn cosines_are_kept(pairs in proptest::collection::vec((-1.0_f32..1.0, -1.0_f32..1.0), 2..200)) {
            let unit = |values: Vec<f32>| {
                let length = values.iter().map(|value| value * value).sum::<f32>().sqrt().max(1e-6);
                values.into_iter().map(|value| value / length).collect::<Vec<f32>>()
            };
            let (a, b): (Vec<f32>, Vec<f32>) = pairs.into_iter().unzip();
            let (a, b) = (unit(a), unit(b));
            let index = DenseIndex::from_bytes(&file(&[(whole(3), a.clone())])).expect("reads");
            let expected: f32 = a.iter().zip(&b).map(|(a, b)| a * b).sum();
            let found = index.cosines(&b).expect("fits")[0];
            prop_assert!((found - expected).abs() < 0.01, "{found}, expected {expected}");
        }
    }
}
