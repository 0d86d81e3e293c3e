//! Topics: what a passage's neighbours say about it, and where to look when a question is not covered.

use rustc_hash::FxHashMap;

use crate::records::Discipline;

/// The words of each item's topic for [`super::index::Entry::topic`]: its discipline, the topic's own words, and the titles of all items of the same
/// topic, which tell that "Diagnosis" and "Repositioning and splint" are about the same kind of fracture. Items are (topic such as
/// `trauma/root-fracture`, title).
#[must_use]
pub fn topic_texts(items: &[(&str, &str)]) -> Vec<String> {
    let mut titles: FxHashMap<&str, Vec<&str>> = FxHashMap::default();
    for (topic, title) in items {
        titles.entry(topic).or_default().push(title);
    }
    let text = |topic: &str| {
        let (prefix, words) = topic.split_once('/').unwrap_or((topic, ""));
        let discipline = match prefix.parse() {
            Ok(discipline) => discipline_words(discipline),
            Err(_) => prefix,
        };
        let titles = titles.get(topic).map(|titles| titles.join("\n")).unwrap_or_default();
        // Records and passages of other projects have a discipline at most: then all titles of it would say nothing.
        if words.is_empty() { discipline.to_owned() } else { format!("{discipline}\n{words}\n{titles}") }
    };
    items.iter().map(|(topic, _)| text(topic)).collect()
}

/// What the questions of a discipline speak of.
fn discipline_words(discipline: Discipline) -> &'static str {
    match discipline {
        Discipline::Caries => "caries cariology restorative",
        Discipline::Endo => "endodontics root canal pulp",
        Discipline::Perio => "periodontology periodontal",
        Discipline::Surg => "oral surgery",
        Discipline::Omed => "oral medicine",
        Discipline::Pharm => "pharmacology prescribing drug",
        Discipline::La => "local anaesthesia anaesthetic",
        Discipline::Emerg => "medical emergency",
        Discipline::Medcomp => "medically compromised",
        Discipline::Paed => "paediatric child",
        Discipline::Prosth => "prosthodontics",
        Discipline::Implant => "implant",
        Discipline::Ortho => "orthodontics",
        Discipline::Tmd => "temporomandibular orofacial pain",
        Discipline::Radio => "radiology radiograph",
        Discipline::Infect => "infection control",
        Discipline::Trauma => "dental trauma",
        Discipline::Prev => "prevention",
        Discipline::Geri => "geriatric older",
        Discipline::Ethics => "ethics law",
    }
}

/// The first `limit` titles, each once, with what bears it: what is shown instead of an answer. Best evidence first.
#[must_use]
pub fn nearest_topics<'a, T>(titled: impl IntoIterator<Item = (T, &'a str)>, limit: usize) -> Vec<(T, &'a str)> {
    let mut topics: Vec<(T, &str)> = Vec::new();
    for (bearer, title) in titled {
        if topics.len() == limit {
            break;
        }
        if !topics.iter().any(|(_, own)| *own == title) {
            topics.push((bearer, title));
        }
    }
    topics
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn siblings_tell_what_a_title_does_not() {
        let texts = topic_texts(&[
            ("trauma/root-fracture", "Diagnosis"),
            ("trauma/root-fracture", "Splinting a root fracture"),
            ("perio/bpe", "Diagnosis"),
            ("perio", "Staging"),
        ]);
        assert!(texts[0].contains("Splinting a root fracture"));
        assert!(!texts[2].contains("root"));
        assert!(!texts[3].contains("Staging"));
    }

    #[test]
    fn each_title_is_shown_once() {
        let titles = ["Dry socket", "Caries", "Dry socket", "Erosion"];
        let ranked = [0, 2, 9, 3].into_iter().filter_map(|entry| Some((entry, *titles.get(entry)?)));
        let found: Vec<&str> = nearest_topics(ranked, 2).into_iter().map(|(_, title)| title).collect();
        assert_eq!(found, ["Dry socket", "Erosion"]);
    }
}
