//! What identifiers of a person are called, and what has to be read beside a search for them.

words! { identifiers:
    /// Stands beside every preview: the search assists and does not guarantee.
    NOTICE = notice;
    /// Bank, card and ledger accounts.
    ACCOUNT = account;
    /// Fingerprints, voices, irises, faces.
    BIOMETRIC = biometric;
    /// Dates with a day or month, and ages over 89.
    DATE = date;
    /// Serial and lot numbers.
    DEVICE = device;
    /// E-mail.
    EMAIL = email;
    /// Fax numbers.
    FAX = fax;
    /// Insurances and their members.
    INSURANCE = insurance;
    /// Addresses of machines.
    IP = ip;
    /// Licences and certificates.
    LICENCE = licence;
    /// Addresses, towns, named institutions.
    LOCATION = location;
    /// Record and hospital numbers.
    MRN = mrn;
    /// Names of persons.
    NAME = name;
    /// Any other number of a person.
    OTHER_ID = other_id;
    /// Telephone numbers.
    PHONE = phone;
    /// Pictures.
    PHOTO = photo;
    /// Social security and national insurance numbers.
    SSN = ssn;
    /// Web addresses.
    URL = url;
    /// Plates and chassis numbers.
    VEHICLE = vehicle;
}

/// What a placeholder such as `[NAME 1]` stands for; `None` for a kind that this page does not know.
#[must_use]
pub fn of_placeholder(placeholder: &str) -> Option<&'static str> {
    let word = match placeholder.strip_prefix('[')?.split(' ').next()? {
        "ACCOUNT" => ACCOUNT,
        "BIOMETRIC" => BIOMETRIC,
        "DATE" => DATE,
        "DEVICE" => DEVICE,
        "EMAIL" => EMAIL,
        "FAX" => FAX,
        "INSURANCE" => INSURANCE,
        "IP" => IP,
        "LICENCE" => LICENCE,
        "LOCATION" => LOCATION,
        "MRN" => MRN,
        "NAME" => NAME,
        "OTHER_ID" => OTHER_ID,
        "PHONE" => PHONE,
        "PHOTO" => PHOTO,
        "SSN" => SSN,
        "URL" => URL,
        "VEHICLE" => VEHICLE,
        _ => return None,
    };
    Some(word())
}

#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests {
    use mambaformer_clinical::identifiers::{Class, NOTICE as OF_THE_WORKER};

    use super::*;

    #[test]
    fn every_class_of_the_search_has_its_words_and_english_says_what_the_worker_says() {
        for class in Class::ALL {
            assert_eq!(of_placeholder(&format!("[{} 1]", class.tag())), Some(class.label()));
        }
        assert_eq!(NOTICE(), OF_THE_WORKER);
        for unknown in ["[SHOE_SIZE 1]", "NAME 1", "[]", ""] {
            assert_eq!(of_placeholder(unknown), None, "{unknown}");
        }
    }
}
