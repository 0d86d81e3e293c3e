//! Check digits.

/// The digits of `text`.
pub(super) fn digits(text: &str) -> Vec<u32> {
    text.chars().filter_map(|c| c.to_digit(10)).collect()
}

/// The check of payment cards (ISO/IEC 7812-1, Luhn): 13 to 19 digits.
pub(super) fn is_card(digits: &[u32]) -> bool {
    let doubled = |(place, digit): (usize, &u32)| match (place % 2, *digit) {
        (1, 5..) => 2 * digit - 9,
        (1, _) => 2 * digit,
        _ => *digit,
    };
    (13..=19).contains(&digits.len()) && digits.iter().rev().enumerate().map(doubled).sum::<u32>() % 10 == 0
}

/// The check of NHS numbers (NHS Data Dictionary, modulus 11): ten digits.
pub(super) fn is_nhs(digits: &[u32]) -> bool {
    let [weighted @ .., check] = digits else { return false };
    if weighted.len() != 9 {
        return false;
    }
    let sum: u32 = weighted.iter().zip((2..=10).rev()).map(|(digit, weight)| digit * weight).sum();
    (11 - sum % 11) % 11 == *check
}

/// The check of bank accounts (ISO 13616, modulus 97): letters and digits without spaces.
pub(super) fn is_iban(text: &str) -> bool {
    let bytes = text.as_bytes();
    if !(15..=34).contains(&bytes.len())
        || !bytes.iter().all(u8::is_ascii_alphanumeric)
        || !bytes[..2].iter().all(u8::is_ascii_alphabetic)
        || !bytes[2..4].iter().all(u8::is_ascii_digit)
    {
        return false;
    }
    let rest = bytes[4..].iter().chain(&bytes[..4]).fold(0_u32, |rest, byte| match char::from(*byte).to_digit(36) {
        Some(value) if value < 10 => (rest * 10 + value) % 97,
        Some(value) => (rest * 100 + value) % 97,
        None => 0,
    });
    rest == 1
}

/// A vehicle identification number (ISO 3779): 17 letters and digits without I, O and Q. The check digit is used in North America only.
pub(super) fn is_vin(text: &str) -> bool {
    text.len() == 17
        && text.bytes().all(|b| (b.is_ascii_uppercase() || b.is_ascii_digit()) && !matches!(b, b'I' | b'O' | b'Q'))
        && text.bytes().filter(u8::is_ascii_digit).count() >= 4
        && text.bytes().any(|b| b.is_ascii_uppercase())
}

/// A UK National Insurance number without spaces: two letters, six digits, A to D (either case).
pub(super) fn is_national_insurance(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() == 9
        && bytes[..2].iter().all(u8::is_ascii_alphabetic)
        && bytes[2..8].iter().all(u8::is_ascii_digit)
        && matches!(bytes[8].to_ascii_uppercase(), b'A'..=b'D')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn published_examples() {
        // Test numbers of card schemes, the ISO 13616 examples, and the NHS Data Dictionary's worked example.
        for (text, expected) in [("4242424242424242", true), ("4242424242424241", false), ("378282246310005", true)] {
            assert_eq!(is_card(&digits(text)), expected, "{text}");
        }
        for (text, expected) in
            [("GB82WEST12345698765432", true), ("GB83WEST12345698765432", false), ("DE89370400440532013000", true)]
        {
            assert_eq!(is_iban(text), expected, "{text}");
        }
        for (text, expected) in [("9434765919", true), ("9434765918", false), ("943476591", false), ("", false)] {
            assert_eq!(is_nhs(&digits(text)), expected, "{text}");
        }
        assert!(is_vin("1M8GDM9AXKP042788") && !is_vin("1M8GDM9AXKP04278O") && !is_vin("11111111111111111"));
        assert!(is_national_insurance("QQ123456C") && is_national_insurance("qq123456c"));
        assert!(!is_national_insurance("QQ123456E") && !is_national_insurance("QQ12345C"));
    }
}
