//! How a sign is meant where it stands: denied, over, another person's, or only asked about.

use super::lexicon::Reading;
use super::words::Gap;

/// How many words a denial reaches ("no …"), and one that introduces a list ("denies …").
const DENIAL_WORDS: usize = 8;
const LISTED_DENIAL_WORDS: usize = 25;
/// How many words a denial behind its sign reaches back ("wheeze absent").
const BACKWARD_WORDS: usize = 4;
/// How far a list of denied signs is followed to its "or", in commas, and how long each member may be, in words.
const LIST_COMMAS: usize = 4;
const LIST_MEMBER_WORDS: usize = 4;
/// How many words a heading such as "PMH" reaches.
const HEADING_WORDS: usize = 40;

/// The lists that the file must have under `context`, in the order of [`Cues`].
pub(super) const LISTS: [&str; Cue::COUNT] = [
    "denial",
    "denial_of_a_list",
    "no_denial",
    "denied_before",
    "contrast",
    "resumption",
    "alternative",
    "past",
    "past_heading",
    "over",
    "current",
    "relative",
    "relative_past",
    "patient_well",
    "exam",
    "asking",
    "topic",
    "live",
    "here",
    "condition",
    "indefinite",
];

/// What a context list says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cue {
    Denial,
    DenialOfAList,
    NoDenial,
    DeniedBefore,
    Contrast,
    Resumption,
    Alternative,
    Past,
    PastHeading,
    Over,
    Current,
    Relative,
    RelativePast,
    PatientWell,
    Exam,
    Asking,
    Topic,
    Live,
    Here,
    Condition,
    Indefinite,
}

impl Cue {
    pub(super) const COUNT: usize = 21;
}

/// How a sign is meant.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "four independent readings of one place")]
pub(super) struct Standing {
    /// It is said not to be there.
    pub(super) denied: bool,
    /// It was and is no more, or was long ago.
    pub(super) over: bool,
    /// Somebody else has it.
    pub(super) other: bool,
    /// It is asked about in general, for an examination, a plan or an imagined patient.
    pub(super) asked: bool,
}

/// The places of each context list, as first and last word, in the order of the text.
pub(super) type Cues = [Vec<(usize, usize)>];

/// The standing of each word of a text.
pub(super) struct Context {
    standing: Vec<Standing>,
    /// The word that denies it.
    denied_by: Vec<Option<usize>>,
}

impl Context {
    /// Reads the cues of a text. In a question one word about an examination makes all of it an exercise, in a note
    /// only its sentence.
    pub(super) fn new(reading: &Reading, cues: &Cues, is_question: bool) -> Context {
        let count = reading.words.len();
        let mut context = Context { standing: Vec::new(), denied_by: vec![None; count] };
        let layout = Layout::new(reading, cues);
        context.denials(&layout);
        let (mut over, mut other, mut asked) = (Marks::of(count), Marks::of(count), Marks::of(count));
        context.past(&layout, &mut over);
        other_people(&layout, &mut other);
        context.questions(&layout, is_question, &mut asked);
        let marks = over.words().zip(other.words()).zip(asked.words());
        context.standing = marks.map(|((over, other), asked)| Standing { denied: false, over, other, asked }).collect();
        context
    }

    /// How a phrase of these words is meant. A denial that is part of the phrase ("not breathing") does not deny it.
    pub(super) fn standing(&self, matched: &[usize]) -> Standing {
        let mut all = Standing::default();
        for at in matched {
            let Some(standing) = self.standing.get(*at) else { continue };
            all.over |= standing.over;
            all.other |= standing.other;
            all.asked |= standing.asked;
            all.denied |= self.denied_by[*at].is_some_and(|by| !matched.contains(&by));
        }
        all
    }

    fn denials(&mut self, layout: &Layout<'_>) {
        for (cue, reach, of_a_list) in
            [(Cue::Denial, DENIAL_WORDS, false), (Cue::DenialOfAList, LISTED_DENIAL_WORDS, true)]
        {
            for &(first, last) in layout.cue(cue) {
                if layout.is(Cue::NoDenial, first) {
                    continue;
                }
                let mut list_end = 0;
                for at in last + 1..layout.count().min(last + 1 + reach) {
                    let gap = layout.gap(at);
                    let another = layout.begins(Cue::Denial, at) || layout.begins(Cue::DenialOfAList, at);
                    if gap >= Gap::Clause || another || layout.is(Cue::Contrast, at) || layout.resumes(at) {
                        break;
                    }
                    if gap == Gap::Comma && !of_a_list && at > list_end {
                        match layout.end_of_list(at) {
                            Some(end) => list_end = end,
                            None => break,
                        }
                    }
                    self.denied_by[at] = Some(last);
                }
            }
        }
        for &(first, last) in layout.cue(Cue::DeniedBefore) {
            if layout.is(Cue::NoDenial, first) || self.denied_by[first].is_some() {
                continue;
            }
            for at in (first.saturating_sub(BACKWARD_WORDS)..first).rev() {
                if layout.gap(at + 1) >= Gap::Comma || layout.is(Cue::Contrast, at) {
                    break;
                }
                self.denied_by[at] = Some(last);
            }
        }
    }

    fn past(&self, layout: &Layout<'_>, over: &mut Marks) {
        for &(first, last) in layout.cue(Cue::Past) {
            let (begin, end) = (layout.begin(first, Gap::Comma), layout.end(last, Gap::Comma));
            if !layout.has(Cue::Current, begin, end) {
                over.add(begin, end);
            }
        }
        for &(first, last) in layout.cue(Cue::PastHeading) {
            let end = layout.end(last, Gap::Sentence).min(last + HEADING_WORDS);
            let end = (last + 1..end).find(|at| layout.is(Cue::Current, *at)).unwrap_or(end);
            over.add(first, end);
        }
        for &(first, last) in layout.cue(Cue::Over) {
            if self.denied_by[first].is_some() {
                continue;
            }
            let begin = layout.begin(first, Gap::Sentence);
            let begin = layout.contrast_before(first).map_or(begin, |at| at.max(begin));
            over.add(begin, layout.end(last, Gap::Comma));
        }
    }

    fn questions(&self, layout: &Layout<'_>, is_question: bool, asked: &mut Marks) {
        for &(first, last) in layout.cue(Cue::Exam) {
            let (begin, end) = if is_question {
                (0, layout.count())
            } else {
                (layout.begin(first, Gap::Sentence), layout.end(last, Gap::Sentence))
            };
            asked.add(begin, end);
        }
        for &(first, last) in layout.cue(Cue::Asking).iter().chain(layout.cue(Cue::Topic)) {
            let end = layout.end(last, Gap::Sentence);
            let begin = layout.begin(first, Gap::Clause);
            let opens = first == begin || layout.is(Cue::Topic, first);
            // "No signs of circulation" asks for nothing.
            let opens = opens && self.denied_by[first].is_none();
            if opens && !layout.has(Cue::Live, begin, end) {
                asked.add(begin, end);
            }
        }
        for &(first, last) in layout.cue(Cue::Condition) {
            let (begin, end) = (layout.begin(first, Gap::Sentence), layout.end(last, Gap::Sentence));
            if !layout.has(Cue::Here, begin, end) {
                asked.add(first, end);
            }
        }
        for &(first, last) in layout.cue(Cue::Indefinite) {
            if layout.begin(first, Gap::Sentence) != first {
                continue;
            }
            // "A patient has collapsed": an imagined one, unless something says that it is happening here.
            let end = if is_question { layout.count() } else { layout.end(last, Gap::Sentence) };
            if !layout.has(Cue::Here, first, end) {
                asked.add(first, end);
            }
        }
    }
}

fn other_people(layout: &Layout<'_>, other: &mut Marks) {
    for &(first, last) in layout.cue(Cue::RelativePast) {
        let (begin, end) = (layout.begin(first, Gap::Sentence), layout.end(last, Gap::Sentence));
        if !layout.has(Cue::Current, begin, end) {
            other.add(first, end);
        }
    }
    if !layout.cue(Cue::PatientWell).is_empty() {
        for &(first, last) in layout.cue(Cue::Relative) {
            other.add(layout.begin(first, Gap::Sentence), layout.end(last, Gap::Sentence));
        }
    }
}

/// Marked runs of words. Only their edges are kept: a sentence of cues alone would else be marked once for each of them.
struct Marks {
    /// For each word how many runs begin before it, and how many end.
    edges: Vec<[usize; 2]>,
}

impl Marks {
    fn of(words: usize) -> Marks {
        Marks { edges: vec![[0; 2]; words + 1] }
    }

    fn add(&mut self, begin: usize, end: usize) {
        if begin < end && end < self.edges.len() {
            self.edges[begin][0] += 1;
            self.edges[end][1] += 1;
        }
    }

    /// Whether each word is in a run.
    fn words(&self) -> impl Iterator<Item = bool> {
        let words = self.edges.len() - 1;
        self.edges.iter().take(words).scan(0_usize, |open, [begin, end]| {
            *open = *open + begin - end;
            Some(*open > 0)
        })
    }
}

/// Where clauses and sentences begin and end, and which words belong to a cue. Everything is looked up, so that a text
/// of cues alone stays linear.
struct Layout<'a> {
    cues: &'a Cues,
    gaps: Vec<Gap>,
    /// For each strength of gap the word at which the run begins, and the one behind its end.
    runs: [Vec<(usize, usize)>; 3],
    /// For each word the cues that cover it, as bits.
    covered: Vec<u32>,
    /// For each word the last one before it that a contrast covers.
    contrasts: Vec<Option<usize>>,
    /// For each cue that is looked for in runs: how many words before this one it covers.
    counted: [(Cue, Vec<usize>); 3],
}

impl<'a> Layout<'a> {
    fn new(reading: &Reading, cues: &'a Cues) -> Layout<'a> {
        let gaps: Vec<Gap> = reading.words.iter().map(|word| word.gap).collect();
        let mut covered = vec![0; gaps.len()];
        for (cue, places) in cues.iter().enumerate() {
            for &(first, last) in places {
                for bits in &mut covered[first..=last] {
                    *bits |= 1 << cue;
                }
            }
        }
        let counted = [Cue::Current, Cue::Live, Cue::Here].map(|cue| {
            let mut sum = 0;
            let mut sums = vec![0];
            for bits in &covered {
                sum += usize::from(bits & (1 << cue as u32) != 0);
                sums.push(sum);
            }
            (cue, sums)
        });
        let mut last = None;
        let before = |(at, bits): (usize, &u32)| {
            let found = last;
            if bits & (1 << Cue::Contrast as u32) != 0 {
                last = Some(at);
            }
            found
        };
        let contrasts = covered.iter().enumerate().map(before).collect();
        let runs = [Gap::Comma, Gap::Clause, Gap::Sentence].map(|least| runs(&gaps, least));
        Layout { cues, gaps, runs, covered, contrasts, counted }
    }

    fn count(&self) -> usize {
        self.gaps.len()
    }

    fn cue(&self, cue: Cue) -> &'a [(usize, usize)] {
        &self.cues[cue as usize]
    }

    fn is(&self, cue: Cue, at: usize) -> bool {
        self.covered.get(at).is_some_and(|bits| bits & (1 << cue as u32) != 0)
    }

    /// Whether a phrase of a cue begins at a word.
    fn begins(&self, cue: Cue, at: usize) -> bool {
        self.cue(cue).binary_search_by_key(&at, |(first, _)| *first).is_ok()
    }

    fn gap(&self, at: usize) -> Gap {
        self.gaps.get(at).copied().unwrap_or(Gap::Sentence)
    }

    /// "and" that goes on with something else: "no fever and she drools".
    fn resumes(&self, at: usize) -> bool {
        self.is(Cue::Resumption, at)
    }

    fn contrast_before(&self, at: usize) -> Option<usize> {
        self.contrasts.get(at).copied().flatten()
    }

    fn begin(&self, at: usize, least: Gap) -> usize {
        self.run(at, least).0
    }

    fn end(&self, at: usize, least: Gap) -> usize {
        self.run(at, least).1
    }

    fn run(&self, at: usize, least: Gap) -> (usize, usize) {
        let runs = match least {
            Gap::Space | Gap::Comma => &self.runs[0],
            Gap::Clause => &self.runs[1],
            Gap::Sentence => &self.runs[2],
        };
        runs.get(at).copied().unwrap_or((at, at))
    }

    fn has(&self, cue: Cue, begin: usize, end: usize) -> bool {
        let Some((_, sums)) = self.counted.iter().find(|(counted, _)| *counted == cue) else { return false };
        let sum = |at: usize| sums.get(at).copied().unwrap_or(0);
        sum(end) > sum(begin)
    }

    /// The last word of a list that begins behind a comma at `at` and ends in "or": "no pain, swelling or fever".
    fn end_of_list(&self, at: usize) -> Option<usize> {
        let (mut commas, mut member) = (0, 0);
        for word in at..self.count() {
            if word > at {
                match self.gap(word) {
                    Gap::Space => {}
                    Gap::Comma => {
                        commas += 1;
                        member = 0;
                    }
                    Gap::Clause | Gap::Sentence => return None,
                }
            }
            if self.is(Cue::Alternative, word) {
                return Some(word);
            }
            member += 1;
            if commas > LIST_COMMAS || member > LIST_MEMBER_WORDS || self.is(Cue::Contrast, word) {
                return None;
            }
        }
        None
    }
}

/// For each word the run it stands in, cut wherever a gap is at least so strong.
fn runs(gaps: &[Gap], least: Gap) -> Vec<(usize, usize)> {
    let mut runs = Vec::with_capacity(gaps.len());
    let mut begin = 0;
    for at in 1..=gaps.len() {
        if at == gaps.len() || gaps[at] >= least {
            runs.extend(std::iter::repeat_n((begin, at), at - begin));
            begin = at;
        }
    }
    runs
}
