//! Identifiers of a person in a clinical note: the classes of the Safe Harbor method (45 CFR 164.514(b)(2)), found by rules and lists
//! before a text is copied, printed or exported.
//!
//! A number is judged by its shape, by its check digit and by the words before it ([`cues`](self)); a name by `assets/names.json`, by the
//! words around it and by *not* being an ordinary or a dental word. When in doubt a word that no list knows is taken for a name: a
//! missed name harms more than a missing word. What is found is shown for a choice, and [`NOTICE`] with it.

mod addresses;
#[cfg(test)]
mod cases;
mod checks;
mod claims;
mod codes;
mod cues;
mod dates;
mod eponyms;
#[cfg(test)]
mod labelled;
mod lists;
mod network;
mod people;
mod phones;
mod places;
mod redact;
mod texts;
mod token;

use std::ops::Range;

use claims::Claims;
use lists::Lists;
pub use lists::ListsError;
pub use redact::{Redacted, Replaced, redact};

/// What must stand beside every preview of found identifiers.
pub const NOTICE: &str = "This search helps you to remove identifiers. It can miss some and it can mark harmless words: \
                          read the text yourself before it leaves this page.";

/// A class of identifiers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// Bank, card and ledger accounts.
    Account,
    /// Templates of fingerprints, voices, irises, faces.
    Biometric,
    /// Dates with a day or month, and ages over 89.
    Date,
    /// Serial and lot numbers of implants and devices.
    Device,
    /// E-mail addresses.
    Email,
    /// Fax numbers.
    Fax,
    /// Numbers of insurances and their members.
    Insurance,
    /// Internet addresses of machines.
    Ip,
    /// Licences and certificates, of drivers and professionals.
    Licence,
    /// Addresses, towns, named institutions.
    Location,
    /// Record, hospital and NHS numbers.
    Mrn,
    /// Names of persons.
    Name,
    /// Any other number or code of a person or case.
    OtherId,
    /// Telephone numbers.
    Phone,
    /// Files and numbers of pictures.
    Photo,
    /// Social security and national insurance numbers.
    Ssn,
    /// Web addresses.
    Url,
    /// Plates and chassis numbers.
    Vehicle,
}

impl Class {
    /// Every class.
    pub const ALL: [Class; 18] = [
        Class::Account,
        Class::Biometric,
        Class::Date,
        Class::Device,
        Class::Email,
        Class::Fax,
        Class::Insurance,
        Class::Ip,
        Class::Licence,
        Class::Location,
        Class::Mrn,
        Class::Name,
        Class::OtherId,
        Class::Phone,
        Class::Photo,
        Class::Ssn,
        Class::Url,
        Class::Vehicle,
    ];

    /// The class in words, for the preview.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Class::Account => "account or card number",
            Class::Biometric => "biometric reference",
            Class::Date => "date or age over 89",
            Class::Device => "device or lot number",
            Class::Email => "e-mail address",
            Class::Fax => "fax number",
            Class::Insurance => "insurance number",
            Class::Ip => "internet (IP) address",
            Class::Licence => "licence or registration",
            Class::Location => "address, town or institution",
            Class::Mrn => "patient or record number",
            Class::Name => "name",
            Class::OtherId => "other number or code",
            Class::Phone => "telephone number",
            Class::Photo => "photograph",
            Class::Ssn => "social security number",
            Class::Url => "web address",
            Class::Vehicle => "vehicle",
        }
    }

    /// The word in placeholders and in labelled sets: `[NAME 1]`.
    #[must_use]
    pub fn tag(self) -> &'static str {
        match self {
            Class::Account => "ACCOUNT",
            Class::Biometric => "BIOMETRIC",
            Class::Date => "DATE",
            Class::Device => "DEVICE",
            Class::Email => "EMAIL",
            Class::Fax => "FAX",
            Class::Insurance => "INSURANCE",
            Class::Ip => "IP",
            Class::Licence => "LICENCE",
            Class::Location => "LOCATION",
            Class::Mrn => "MRN",
            Class::Name => "NAME",
            Class::OtherId => "OTHER_ID",
            Class::Phone => "PHONE",
            Class::Photo => "PHOTO",
            Class::Ssn => "SSN",
            Class::Url => "URL",
            Class::Vehicle => "VEHICLE",
        }
    }
}

/// An identifier in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identifier {
    /// What it is.
    pub class: Class,
    /// Where it stands, in bytes, on character boundaries.
    pub bytes: Range<usize>,
}

/// Finds identifiers.
#[derive(Debug)]
pub struct Identifiers {
    lists: Lists,
}

impl Identifiers {
    /// Reads the lists of `assets/names.json`.
    pub fn from_bytes(names_json: &[u8]) -> Result<Identifiers, ListsError> {
        Ok(Identifiers { lists: Lists::from_bytes(names_json)? })
    }

    /// The identifiers of `text`, in its order, disjoint. Placeholders of [`redact`] are none. The time is linear in the length.
    #[must_use]
    pub fn find(&self, text: &str) -> Vec<Identifier> {
        let tokens = token::tokens(text);
        let mut claims = Claims::new(tokens.len());
        let held = redact::placeholders(&tokens);
        for range in &held {
            claims.take(&tokens, range.clone(), Class::OtherId);
        }
        network::find(&tokens, &mut claims);
        dates::find(&tokens, &mut claims);
        addresses::find(&tokens, &self.lists, &mut claims);
        phones::find(&tokens, &mut claims);
        codes::find(&tokens, &self.lists, &mut claims);
        places::find(&tokens, &self.lists, &mut claims);
        people::find(&tokens, &self.lists, &mut claims);
        claims
            .into_sorted()
            .into_iter()
            .filter(|(range, _)| !held.iter().any(|held| held.start <= range.start && range.end <= held.end))
            .map(|(range, class)| Identifier { class, bytes: tokens[range.start].start..tokens[range.end - 1].end() })
            .collect()
    }
}
