//! Which cluster belongs to training, validation and test.
//!
//! Clusters that would give each other away are one group and go together: equal answers, the same note, a run of
//! [`RUN`] words in their questions, near copies of a question. A group goes where the hash of its first cluster's id
//! says. About [`HELD_OUT_PER_MILLE`] in a thousand passages are held out by the hash of their id: every group with a
//! cluster whose answer uses one of them goes to test, so that they occur in no answer that is learnt from.

use std::collections::BTreeMap;

use mambaformer_clinical::integrity::sha256_hex;
use serde::Serialize;

use super::shingles;
use super::variants::names;

/// Words of a run that questions of different splits do not share.
pub(crate) const RUN: usize = 8;
/// Words of the runs by which near copies are known.
pub(crate) const NEAR_RUN: usize = 3;
/// How many of those runs two questions share to be near copies.
pub(crate) const NEAR: f64 = 0.7;
/// Passages in a thousand that are held out.
const HELD_OUT_PER_MILLE: u64 = 60;

/// A part of the set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Split {
    /// Learnt from.
    Train,
    /// For choosing between trained models.
    Validation,
    /// Looked at once.
    Test,
}

impl Split {
    /// Of 100, 80 to training and 10 each to validation and test, by a hash that stays the same.
    pub(crate) fn of(id: &str) -> Split {
        match hash(id) % 100 {
            0..80 => Split::Train,
            80..90 => Split::Validation,
            _ => Split::Test,
        }
    }
}

names!(Split { Train => "train", Validation => "validation", Test => "test" });

/// Whether a passage is kept out of training.
pub(crate) fn is_held_out(passage: &str) -> bool {
    hash(&format!("held out: {passage}")) % 1_000 < HELD_OUT_PER_MILLE
}

/// The first 64 bits of SHA-256: the same on every machine and in every version.
pub(crate) fn hash(text: &str) -> u64 {
    sha256_hex(text.as_bytes()).bytes().take(16).fold(0, |hash, digit| {
        let value = if digit.is_ascii_digit() { digit - b'0' } else { digit - b'a' + 10 };
        hash << 4 | u64::from(value)
    })
}

/// What of a cluster decides where it goes.
#[derive(Debug, Clone, Default)]
pub(crate) struct Member {
    /// The cluster's id.
    pub(crate) id: String,
    /// Its questions, in words.
    pub(crate) questions: Vec<Vec<String>>,
    /// What its answer is: the references it copies, sorted, and the text. Answers are the same if either is.
    pub(crate) answers: [String; 2],
    /// The note it asks about.
    pub(crate) note: Option<String>,
    /// Ids of the passages its answer uses.
    pub(crate) passages: Vec<String>,
}

/// Why two clusters go together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Bond {
    /// The same references or text in the answer.
    Answer,
    /// The same note.
    Note,
    /// A run of [`RUN`] words in their questions.
    Run,
    /// Questions that are near copies.
    Near,
}

/// Where a cluster went, and why.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Assignment {
    pub(crate) split: Split,
    /// Whether its answer uses a held-out passage.
    pub(crate) held_out: bool,
    /// The first cluster of its group.
    pub(crate) group: usize,
}

/// All clusters, assigned.
#[derive(Debug, Default)]
pub(crate) struct Assignments {
    /// In the order of the members.
    pub(crate) members: Vec<Assignment>,
    /// How many pairs each bond tied.
    pub(crate) bonds: BTreeMap<Bond, usize>,
    /// Pairs of clusters with questions that are near copies.
    pub(crate) near: Vec<(usize, usize)>,
}

/// Assigns every member.
pub(crate) fn assign(members: &[Member]) -> Assignments {
    let mut groups = Groups::new(members.len());
    let mut result = Assignments::default();
    let mut tie = |first: usize, second: usize, bond: Bond, groups: &mut Groups| {
        if first != second {
            *result.bonds.entry(bond).or_default() += 1;
            groups.join(first, second);
        }
    };
    let mut first_with: BTreeMap<(Bond, &str), usize> = BTreeMap::new();
    for (index, member) in members.iter().enumerate() {
        let note = member.note.as_deref().map(|note| (Bond::Note, note));
        let answers = member.answers.iter().map(|answer| (Bond::Answer, answer.as_str()));
        for key in note.into_iter().chain(answers) {
            let first = *first_with.entry(key).or_insert(index);
            tie(first, index, key.0, &mut groups);
        }
    }
    let (owners, questions): (Vec<usize>, Vec<&[String]>) = members
        .iter()
        .enumerate()
        .flat_map(|(index, member)| member.questions.iter().map(move |question| (index, question.as_slice())))
        .unzip();
    for held in shingles::shared_runs(&questions, RUN).values() {
        for pair in held.windows(2) {
            tie(owners[pair[0]], owners[pair[1]], Bond::Run, &mut groups);
        }
    }
    let mut near: Vec<(usize, usize)> = shingles::near_pairs(&questions, NEAR_RUN, NEAR)
        .iter()
        .map(|near| (owners[near.first], owners[near.second]))
        .filter(|(first, second)| first != second)
        .collect();
    near.sort_unstable();
    near.dedup();
    for (first, second) in &near {
        tie(*first, *second, Bond::Near, &mut groups);
    }
    result.near = near;
    place(members, groups, result)
}

fn place(members: &[Member], mut groups: Groups, mut result: Assignments) -> Assignments {
    let held: Vec<bool> =
        members.iter().map(|member| member.passages.iter().any(|passage| is_held_out(passage))).collect();
    let mut leader: Vec<usize> = (0..members.len()).collect();
    let mut tested = vec![false; members.len()];
    for index in 0..members.len() {
        let root = groups.root(index);
        tested[root] |= held[index];
        if members[index].id < members[leader[root]].id {
            leader[root] = index;
        }
    }
    for (index, held_out) in held.into_iter().enumerate() {
        let root = groups.root(index);
        let group = leader[root];
        let split = if tested[root] { Split::Test } else { Split::of(&members[group].id) };
        result.members.push(Assignment { split, held_out, group });
    }
    result
}

/// Union-find.
struct Groups(Vec<usize>);

impl Groups {
    fn new(count: usize) -> Groups {
        Groups((0..count).collect())
    }

    fn root(&mut self, mut at: usize) -> usize {
        while self.0[at] != at {
            self.0[at] = self.0[self.0[at]];
            at = self.0[at];
        }
        at
    }

    /// The lower index leads, so that the result does not depend on the order of joins.
    fn join(&mut self, first: usize, second: usize) {
        let (first, second) = (self.root(first), self.root(second));
        self.0[first.max(second)] = first.min(second);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::words::words;

    fn member(id: &str, question: &str, references: &str) -> Member {
        Member {
            id: id.to_owned(),
            questions: vec![words(question)],
            answers: [references.to_owned(), format!("The text of {references}.")],
            passages: vec![references.split('#').next().unwrap_or_default().to_owned()],
            note: None,
        }
    }

    /// A passage id that is (not) held out.
    fn passage(held_out: bool, skip: usize) -> String {
        (0..).map(|n| format!("perio-{n:04}")).filter(|id| is_held_out(id) == held_out).nth(skip).expect("some")
    }

    #[test]
    fn the_hash_stays_the_same() {
        assert_eq!(hash(""), 0xe3b0_c442_98fc_1c14);
        assert_eq!(Split::of("perio-q0001"), Split::of("perio-q0001"));
    }

    #[test]
    fn shares_are_as_asked() {
        let ids: Vec<String> = (0..5_000).map(|n| format!("perio-q{n:04}")).collect();
        let count = |split| ids.iter().filter(|id| Split::of(id) == split).count();
        assert!((3_850..4_150).contains(&count(Split::Train)), "{}", count(Split::Train));
        assert!((420..580).contains(&count(Split::Test)) && (420..580).contains(&count(Split::Validation)));
        let held = ids.iter().filter(|id| is_held_out(id)).count();
        assert!((240..360).contains(&held), "{held}");
    }

    #[test]
    fn what_gives_each_other_away_goes_together() {
        let free: Vec<String> = (0..12).map(|n| format!("{}#1", passage(false, n))).collect();
        let together = [
            ("what is it", "tell me about that", 0, 0, None, "the same answer"),
            ("what is it", "tell me about that", 0, 1, None, "the same text"),
            (
                "how long should the flexible splint stay on it",
                "after an avulsion in a child of nine years how long should the flexible splint stay on it before removal",
                0,
                1,
                None,
                "a run of eight words",
            ),
            ("which splint for avulsion today", "which splint for avulsion today please", 0, 1, None, "near copies"),
            ("one thing", "another", 0, 1, Some("perio-n01"), "the same note"),
        ];
        for (first, second, a, b, note, why) in together {
            // Ids whose own hashes send them to different splits.
            let ids: Vec<String> = (0..200).map(|n| format!("perio-q{n:04}")).collect();
            let train = ids.iter().find(|id| Split::of(id) == Split::Train).expect("some");
            let test = ids.iter().find(|id| Split::of(id) == Split::Test).expect("some");
            let mut members = vec![member(train, first, &free[a]), member(test, second, &free[b])];
            if why == "the same text" {
                members[1].answers[1] = members[0].answers[1].clone();
            }
            for member in &mut members {
                member.note = note.map(str::to_owned);
            }
            let assigned = assign(&members).members;
            assert_eq!(assigned[0].split, assigned[1].split, "{why}");
            members[1] = member(test, "something else entirely is asked", &free[5]);
            members[0].note = None;
            let assigned = assign(&members).members;
            assert_ne!(assigned[0].split, assigned[1].split, "{why}: not without");
        }
    }

    #[test]
    fn held_out_passages_are_only_tested() {
        let held = passage(true, 0);
        let free = passage(false, 0);
        let mut members: Vec<Member> = (0..50)
            .map(|n| member(&format!("perio-q{n:04}"), &format!("question {n}"), &format!("{held}#{n}")))
            .chain(
                (50..100).map(|n| member(&format!("perio-q{n:04}"), &format!("question {n}"), &format!("{free}#{n}"))),
            )
            .collect();
        // A cluster without a held-out passage that is bound to one with it.
        members[99].questions = vec![words("question 0")];
        let assigned = assign(&members).members;
        for (member, assignment) in members.iter().zip(&assigned) {
            assert_eq!(assignment.held_out, member.passages.contains(&held));
            assert!(!assignment.held_out || assignment.split == Split::Test);
        }
        assert_eq!((assigned[99].split, assigned[99].held_out), (Split::Test, false));
        assert!(assigned[50..99].iter().any(|assignment| assignment.split == Split::Train));
    }

    #[test]
    fn the_order_of_members_does_not_matter() {
        let mut members: Vec<Member> = (0..40)
            .map(|n| {
                member(
                    &format!("perio-q{n:04}"),
                    &format!("which splint for case {}", n % 9),
                    &format!("perio-{n:04}#1"),
                )
            })
            .collect();
        let by_id = |members: &[Member]| -> BTreeMap<String, Split> {
            members.iter().zip(assign(members).members).map(|(member, a)| (member.id.clone(), a.split)).collect()
        };
        let forward = by_id(&members);
        members.reverse();
        assert_eq!(by_id(&members), forward);
    }
}
