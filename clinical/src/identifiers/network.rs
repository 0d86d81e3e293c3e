//! What is written without spaces: e-mail and web addresses, machine addresses, names of picture and template files.

use super::Class;
use super::claims::Claims;
use super::token::{Token, chunk};

/// Ends of host names that are taken for one without `www.` or `http://`.
const TOP_LEVEL: &[&str] = &[
    "app",
    "at",
    "au",
    "be",
    "biz",
    "ca",
    "ch",
    "clinic",
    "co",
    "com",
    "cymru",
    "cz",
    "de",
    "dental",
    "dentist",
    "dk",
    "edu",
    "es",
    "eu",
    "example",
    "fi",
    "fr",
    "gov",
    "health",
    "hu",
    "ie",
    "info",
    "int",
    "invalid",
    "io",
    "it",
    "local",
    "localhost",
    "me",
    "mil",
    "net",
    "nhs",
    "nl",
    "no",
    "nz",
    "online",
    "org",
    "pl",
    "pt",
    "ro",
    "scot",
    "se",
    "site",
    "test",
    "tv",
    "uk",
    "us",
    "wales",
    "xyz",
];

/// Endings of files that hold a picture, a film or a scan.
const PICTURES: &[&str] = &[
    "avi", "bmp", "cr2", "dcm", "dng", "gif", "heic", "heif", "jpeg", "jpg", "mov", "mp4", "nef", "obj", "ply", "png",
    "raw", "stl", "tif", "tiff", "webp",
];

/// Endings of files that hold a template of a finger, a voice or a face.
const TEMPLATES: &[&str] = &["fpt", "fmd", "tpl", "vpr"];

pub(super) fn find(tokens: &[Token<'_>], claims: &mut Claims) {
    let mut index = 0;
    while index < tokens.len() {
        let mut range = chunk(tokens, index);
        index = range.end;
        // What stands around the address: brackets, quotes, the stop of the sentence.
        while range.start < range.end && tokens[range.start].folded.chars().all(|c| !c.is_alphanumeric() && c != ':') {
            range.start += 1;
        }
        while range.start < range.end
            && tokens[range.end - 1].folded.chars().all(|c| !c.is_alphanumeric() && !matches!(c, '/' | ':'))
        {
            range.end -= 1;
        }
        if range.end - range.start > 1 && tokens[range.end - 1].is(':') && !tokens[range.end - 2].is(':') {
            range.end -= 1;
        }
        if range.end - range.start < 3 {
            continue;
        }
        let text: String = tokens[range.clone()].iter().map(|token| token.text).collect();
        if let Some(class) = class(&text.to_ascii_lowercase()) {
            claims.take(tokens, range, class);
        }
    }
}

fn class(text: &str) -> Option<Class> {
    if let Some((user, host)) = text.split_once('@')
        && user.ends_with(|c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '+' | '.'))
        && host.starts_with(char::is_alphanumeric)
        && host.contains('.')
    {
        return Some(Class::Email);
    }
    if is_mac(text) {
        return Some(Class::Device);
    }
    if is_ip(text) {
        return Some(Class::Ip);
    }
    if is_url(text) {
        return Some(Class::Url);
    }
    let ending = text.rsplit_once('.').map_or("", |(_, ending)| ending);
    if TEMPLATES.contains(&ending) || is_hash(text) {
        return Some(Class::Biometric);
    }
    PICTURES.contains(&ending).then_some(Class::Photo)
}

fn is_hash(text: &str) -> bool {
    ["sha256:", "sha1:", "sha512:", "md5:"]
        .iter()
        .any(|name| text.strip_prefix(name).is_some_and(|hash| hash.len() >= 8 && all_hex(hash)))
}

fn all_hex(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn is_mac(text: &str) -> bool {
    [':', '-'].into_iter().any(|mark| {
        let groups: Vec<&str> = text.split(mark).collect();
        groups.len() == 6 && groups.iter().all(|group| group.len() == 2 && all_hex(group))
    })
}

fn is_ip(text: &str) -> bool {
    let bare = text.split(['/', '%']).next().unwrap_or_default();
    let host = bare.rsplit_once(':').map_or(bare, |(host, _)| host);
    let fourth = |host: &str| {
        let parts: Vec<&str> = host.split('.').collect();
        parts.len() == 4 && parts.iter().all(|part| (1..=3).contains(&part.len()) && part.parse::<u8>().is_ok())
    };
    if fourth(host) || fourth(bare) {
        return true;
    }
    let inside = bare.split([']', '[']).find(|part| part.contains(':')).unwrap_or(bare);
    let groups: Vec<&str> = inside.split(':').collect();
    // A time of day has three groups; an address has eight, or leaves some out with "::".
    (groups.len() == 8 || ((3..=8).contains(&groups.len()) && inside.contains("::")))
        && groups.iter().all(|group| group.len() <= 4 && all_hex(group))
        && groups.iter().any(|group| !group.is_empty())
}

fn is_url(text: &str) -> bool {
    if let Some((scheme, rest)) = text.split_once("://") {
        return scheme.ends_with(char::is_alphanumeric) && !rest.is_empty();
    }
    let host = text.split(['/', '?', '#', ':']).next().unwrap_or_default();
    let labels: Vec<&str> = host.split('.').collect();
    let well_formed = labels
        .iter()
        .all(|label| !label.is_empty() && label.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_')));
    if !well_formed || labels.len() < 2 {
        return false;
    }
    let last = labels[labels.len() - 1];
    // "e.g.it" is no host: a label before the end has three letters or more, unless the address begins with www.
    labels[0] == "www"
        || (TOP_LEVEL.contains(&last)
            && labels[..labels.len() - 1]
                .iter()
                .any(|label| label.len() >= 3 && label.chars().any(char::is_alphabetic)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes() {
        let cases = [
            ("a.b+c@x.example.org", Some(Class::Email)),
            ("https://x.example/a?b=c#d", Some(Class::Url)),
            ("www.tooth-fairy.museum", Some(Class::Url)),
            ("jane-doe.example.net/diary", Some(Class::Url)),
            ("192.0.2.17", Some(Class::Ip)),
            ("192.0.2.17:8080", Some(Class::Ip)),
            ("192.0.2.300", None),
            ("2001:db8::1", Some(Class::Ip)),
            ("[2001:db8::1]:443", Some(Class::Ip)),
            ("fe80::1%eth0", Some(Class::Ip)),
            ("2001:0db8:85a3:0000:0000:8a2e:0370:7334", Some(Class::Ip)),
            ("12:30:45", None),
            ("00:1b:44:11:3a:b7", Some(Class::Device)),
            ("left_face_3.jpeg", Some(Class::Photo)),
            ("thumb_9.fpt", Some(Class::Biometric)),
            ("sha256:0a1b2c3d4e", Some(Class::Biometric)),
            ("e.g.", None),
            ("0.12", None),
            ("1.8", None),
            ("and/or", None),
            ("i.e.it", None),
        ];
        for (text, expected) in cases {
            assert_eq!(class(text), expected, "{text}");
        }
    }
}
