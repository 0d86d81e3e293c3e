//! The products that can be calculated, put together from the records.
//!
//! A product is a solution in a cartridge of one size; several records may speak of it (adults, children, regions). Its limits
//! are those of every record of the same drug for the same group, because authorities limit the drug and not the brand, with
//! one exception: what holds with a vasoconstrictor, which slows absorption, does not hold without one where it allows more.

use super::band::youngest;
use super::exact::{self, MCG, ML};
use super::limit::{Absolute, DrugLimit, positive};
use super::patient::Group;
use super::product::{Constrictor, ConstrictorLimit, Product, name};
use crate::records::{Comparison, Facts, LocalAnaesthetic, Population, Record};

/// A record that gives no product to calculate with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOut {
    /// The record.
    pub record: String,
    /// Why.
    pub reason: String,
}

/// A product that is not there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no product `{asked}` among the {known} known ones; choose one of the list")]
pub struct UnknownProduct {
    /// What was asked for, at most 100 characters of it.
    pub asked: String,
    /// How many products there are.
    pub known: usize,
}

/// All products with their limits.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Formulary {
    products: Vec<Product>,
    constrictors: Vec<ConstrictorLimit>,
    left_out: Vec<LeftOut>,
}

impl Formulary {
    /// Puts the products of the records together. Records of other kinds are passed over.
    #[must_use]
    pub fn new<'a>(records: impl IntoIterator<Item = &'a Record>) -> Formulary {
        let records: Vec<&Record> = records.into_iter().collect();
        let constrictors = constrictor_limits(&records);
        let (mut sources, mut left_out) = (Vec::new(), Vec::new());
        for record in records {
            let Facts::LocalAnaesthetic(solution) = &record.facts else { continue };
            match Source::read(record, solution, &constrictors) {
                Ok(source) => sources.push(source),
                Err(reason) => left_out.push(LeftOut { record: record.id.clone(), reason: reason.to_owned() }),
            }
        }
        // Few enough to be put in their places one by one, which takes less code than a sort.
        let mut products: Vec<Product> = Vec::new();
        for source in &sources {
            if let Err(place) = products.binary_search_by(|known| known.name.as_str().cmp(&source.name)) {
                products.insert(place, product(source, &sources));
            }
        }
        Formulary { products, constrictors, left_out }
    }

    /// The products in the order of their names.
    #[must_use]
    pub fn products(&self) -> &[Product] {
        &self.products
    }

    /// The records that give no product, with the reasons.
    #[must_use]
    pub fn left_out(&self) -> &[LeftOut] {
        &self.left_out
    }

    /// The product of this name.
    pub fn product(&self, name: &str) -> Result<&Product, UnknownProduct> {
        self.products.iter().find(|product| product.name == name).ok_or_else(|| self.unknown(name))
    }

    /// The products whose names hold every word of `text`: "articaine 1:100,000", "lidocaine epinephrine 1.8 mL".
    pub fn find(&self, text: &str) -> Result<Vec<&Product>, UnknownProduct> {
        let asked = words(text);
        let holds = |product: &&Product| {
            let own = words(&product.name);
            !asked.is_empty() && asked.iter().all(|word| own.contains(word))
        };
        let found: Vec<&Product> = self.products.iter().filter(holds).collect();
        if found.is_empty() { Err(self.unknown(text)) } else { Ok(found) }
    }

    /// What limits a vasoconstrictor; `None` for felypressin in a healthy patient, where the drug's limit comes first.
    #[must_use]
    pub fn constrictor_limit(&self, constrictor: Constrictor, heart: bool) -> Option<&ConstrictorLimit> {
        self.constrictors.iter().find(|limit| limit.constrictor == constrictor && limit.heart == heart)
    }

    fn unknown(&self, asked: &str) -> UnknownProduct {
        UnknownProduct { asked: asked.chars().take(100).collect(), known: self.products.len() }
    }
}

/// Lower-case words; "2%" and "2 %" are one word, "1.8 mL" is "1.8" and "ml".
fn words(text: &str) -> Vec<String> {
    let spaced = text.to_lowercase().replace('%', " % ");
    let trimmed = spaced.split_whitespace().map(|word| word.trim_matches(['(', ')', ',', ';', '.']));
    trimmed.filter(|word| !word.is_empty() && *word != "%").map(str::to_owned).collect()
}

/// A record of a solution, in whole numbers.
struct Source<'a> {
    name: String,
    solution: &'a LocalAnaesthetic,
    per_cartridge: u64,
    microlitres: u64,
    constrictor: Option<(Constrictor, u64)>,
    limit: DrugLimit,
}

impl<'a> Source<'a> {
    fn read(
        record: &Record,
        solution: &'a LocalAnaesthetic,
        constrictors: &[ConstrictorLimit],
    ) -> Result<Source<'a>, &'static str> {
        let constrictor = match (&solution.vasoconstrictor, solution.vasoconstrictor_mcg_per_cartridge) {
            (None, None) => None,
            (Some(constrictor), Some(mcg)) => {
                let known = Constrictor::named(&constrictor.drug).ok_or("its vasoconstrictor is not known")?;
                if constrictors.iter().filter(|limit| limit.constrictor == known && limit.heart).count() == 0 {
                    return Err("no record limits its vasoconstrictor in heart disease");
                }
                if known != Constrictor::Felypressin
                    && !constrictors.iter().any(|limit| limit.constrictor == known && !limit.heart)
                {
                    return Err("no record limits its vasoconstrictor in a healthy patient");
                }
                let nanograms = exact::count(mcg, MCG).filter(|&count| count > 0);
                Some((known, nanograms.ok_or("its vasoconstrictor has no amount")?))
            }
            _ => return Err("it names a vasoconstrictor without its amount, or an amount without its name"),
        };
        let youngest = solution.cautions.iter().find_map(|caution| youngest(caution));
        let microlitres = exact::count(solution.cartridge_ml, ML).filter(|&count| count > 0);
        Ok(Source {
            name: name(solution),
            solution,
            per_cartridge: positive(solution.mg_per_cartridge).ok_or("a cartridge holds no drug")?,
            microlitres: microlitres.ok_or("the cartridge has no volume")?,
            constrictor,
            limit: DrugLimit::of(&record.id, record.region, &record.source, solution, youngest)
                .ok_or("its limits are no numbers above zero")?,
        })
    }

    fn is_for(&self, group: Group) -> bool {
        matches!(
            (self.solution.population, group),
            (Population::All, _) | (Population::Adult, Group::Adult) | (Population::Child, Group::Child)
        )
    }
}

/// The product a record speaks of, with the limits of all records of its drug.
fn product(source: &Source, sources: &[Source]) -> Product {
    let adult = limits(source, sources, Group::Adult);
    let mut child = limits(source, sources, Group::Child);
    // A child never has more than an adult.
    let lowest: Option<Absolute> =
        adult.iter().filter_map(|limit| limit.absolute.clone()).min_by_key(|absolute| absolute.nanograms);
    for limit in &mut child {
        limit.absolute = limit.absolute.take().or_else(|| lowest.clone());
    }
    let cautions = |group| {
        let own = sources.iter().filter(|other| other.name == source.name && other.is_for(group));
        let mut cautions: Vec<String> = own.flat_map(|other| other.solution.cautions.clone()).collect();
        cautions.dedup();
        cautions
    };
    Product {
        name: source.name.clone(),
        drug: source.solution.drug.clone(),
        per_cartridge: source.per_cartridge,
        microlitres: source.microlitres,
        constrictor: source.constrictor,
        adult,
        child,
        cautions: [cautions(Group::Adult), cautions(Group::Child)],
    }
}

/// The limits of a drug for a group that hold for the solution of `source`, the lowest first, its own before equal ones.
fn limits(source: &Source, sources: &[Source], group: Group) -> Vec<DrugLimit> {
    let is_own = |other: &&Source| other.name == source.name;
    let own: Vec<&DrugLimit> = sources.iter().filter(is_own).map(|other| &other.limit).collect();
    let holds = |other: &&Source| {
        other.solution.drug == source.solution.drug
            && other.is_for(group)
            && (source.constrictor.is_some()
                || other.constrictor.is_none()
                || own.iter().all(|limit| !other.limit.is_above(limit)))
    };
    let mut found: Vec<DrugLimit> = Vec::new();
    for first in [true, false] {
        for other in sources.iter().filter(holds).filter(|other| is_own(other) == first) {
            let limit = &other.limit;
            let same = |known: &DrugLimit| {
                known.equals(limit) && known.region == limit.region && known.youngest == limit.youngest
            };
            if !found.iter().any(same) {
                // Behind all that allow no more: its own come first, then the records' order.
                let place = found.iter().position(|known| limit.is_lower(known)).unwrap_or(found.len());
                found.insert(place, limit.clone());
            }
        }
    }
    found
}

/// The limits that the tables of the records give: entries such as "adrenaline, healthy adult: at most 200 mcg".
fn constrictor_limits(records: &[&Record]) -> Vec<ConstrictorLimit> {
    let mut limits: Vec<ConstrictorLimit> = vec![ConstrictorLimit::felypressin_in_heart_disease()];
    for record in records {
        let Facts::Threshold(table) = &record.facts else { continue };
        let most = table.entries.iter().filter(|entry| entry.comparison == Comparison::AtMost && entry.unit == "mcg");
        for entry in most {
            let Some(constrictor) = Constrictor::named(&entry.condition) else { continue };
            let heart = ["cardiovascular", "cardiac", "heart"].iter().any(|word| entry.condition.contains(word));
            let Some(nanograms) = exact::count(entry.value, MCG).filter(|&count| count > 0) else { continue };
            let limit = ConstrictorLimit { constrictor, heart, nanograms, source: record.source.clone() };
            match limits.iter_mut().find(|known| known.constrictor == constrictor && known.heart == heart) {
                Some(known) if known.nanograms > nanograms => *known = limit,
                Some(_) => {}
                None => limits.push(limit),
            }
        }
    }
    limits
}
