//! Small inputs that a reader takes, made of the files that ship: an edit of a short file likelier hits something that matters.

use serde_json::Value;

/// Objects with more entries than this are taken for lists by name and shortened like lists.
const FIELDS: usize = 12;

/// The file with as little in its lists as `accepts` goes on taking.
pub(crate) fn shortened(mut value: Value, accepts: impl Fn(&Value) -> bool) -> Value {
    let mut paths = Vec::new();
    lists(&value, String::new(), &mut paths);
    paths.sort_by_key(|(_, length)| std::cmp::Reverse(*length));
    for (path, _) in paths {
        loop {
            let mut shorter = value.clone();
            // A list inside another one may have gone with it.
            let Some(list) = shorter.pointer_mut(&path) else { break };
            if !halve(list) || !accepts(&shorter) {
                break;
            }
            value = shorter;
        }
    }
    value
}

fn lists(value: &Value, path: String, found: &mut Vec<(String, usize)>) {
    match value {
        Value::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                lists(item, format!("{path}/{at}"), found);
            }
            found.push((path, items.len()));
        }
        Value::Object(fields) => {
            for (name, field) in fields {
                lists(field, format!("{path}/{}", name.replace('~', "~0").replace('/', "~1")), found);
            }
            if fields.len() > FIELDS {
                found.push((path, fields.len()));
            }
        }
        _ => {}
    }
}

/// Leaves the first half; `false` where there is nothing to leave out.
fn halve(list: &mut Value) -> bool {
    match list {
        Value::Array(items) if !items.is_empty() => {
            items.truncate(items.len() / 2);
            true
        }
        Value::Object(fields) if fields.len() > 1 => {
            let names: Vec<String> = fields.keys().skip(fields.len() / 2).cloned().collect();
            for name in names {
                fields.remove(&name);
            }
            true
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_needed_stays() {
        let file = json!({"format": 1, "words": ["a", "b", "c", "d"], "more": [[1, 2], [3, 4]]});
        let needs = |value: &Value| value["words"].as_array().is_some_and(|words| words.len() >= 2);
        assert_eq!(shortened(file, needs), json!({"format": 1, "words": ["a", "b"], "more": []}));
    }
}
