//! Moves inline scripts of the page into files: the content policy knows no exception for inline code.
//!
//! Trunk starts the page by an inline module script. Every other inline script, style or handler is an error here
//! instead of a silent refusal in the browser.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use mambaformer_clinical::integrity::sha256_hex;

/// Rewrites `dist/index.html`.
pub(super) fn externalize(dist: &Path) -> Result<()> {
    let page = dist.join("index.html");
    let html = fs::read_to_string(&page).with_context(|| format!("{} cannot be read", page.display()))?;
    let (html, scripts) = without_comments(&html)
        .and_then(|html| without_inline_scripts(&html))
        .with_context(|| format!("{}", page.display()))?;
    for (name, text) in scripts {
        fs::write(dist.join(&name), text).with_context(|| format!("{name} cannot be written"))?;
    }
    fs::write(&page, html).with_context(|| format!("{} cannot be written", page.display()))
}

/// The page without its comments: they are for readers of app/index.html, and may speak of tags.
fn without_comments(html: &str) -> Result<String> {
    let mut out = String::with_capacity(html.len());
    let mut rest = html;
    while let Some((before, behind)) = rest.split_once("<!--") {
        out.push_str(before.trim_end_matches([' ', '\t']));
        rest = behind.split_once("-->").context("a comment is not closed")?.1;
    }
    out.push_str(rest);
    Ok(out)
}

/// The page without inline scripts, and the files they became as `(name, text)`.
fn without_inline_scripts(html: &str) -> Result<(String, Vec<(String, String)>)> {
    let mut out = String::with_capacity(html.len());
    let mut scripts = Vec::new();
    let mut rest = html;
    while let Some(open) = find_tag(rest, "script") {
        let end_of_tag = open + rest[open..].find('>').context("a <script tag is not closed")? + 1;
        let close = end_of_tag
            + rest[end_of_tag..].to_ascii_lowercase().find("</script").context("a <script> has no </script>")?;
        let after = close + rest[close..].find('>').context("a </script is not closed")? + 1;
        let (tag, body) = (&rest[open..end_of_tag], rest[end_of_tag..close].trim());
        out.push_str(&rest[..open]);
        if attribute(tag, "src").is_some() {
            if !body.is_empty() {
                bail!("a <script src> has text of its own: {}", shortened(body));
            }
            out.push_str(&rest[open..after]);
        } else if attribute(tag, "type").as_deref() == Some("module") {
            let name = format!("start-{}.js", &sha256_hex(body.as_bytes())[..16]);
            out.extend(["<script type=\"module\" src=\"", &name, "\"></script>"]);
            scripts.push((name, format!("{body}\n")));
        } else {
            bail!("the page holds an inline script that is no module: {}", shortened(body));
        }
        rest = &rest[after..];
    }
    out.push_str(rest);
    refuse_inline(&out)?;
    Ok((out, scripts))
}

/// Whatever else the content policy would refuse.
fn refuse_inline(html: &str) -> Result<()> {
    if find_tag(html, "style").is_some() {
        bail!("the page holds a <style> element; put it into a style sheet");
    }
    let mut rest = html;
    while let Some(open) = rest.find('<') {
        let end = rest[open..].find('>').map_or(rest.len(), |end| open + end + 1);
        let tag = &rest[open..end];
        for name in attribute_names(tag) {
            if name == "style" || (name.starts_with("on") && name.len() > 2) {
                bail!("the page holds the inline attribute `{name}`: {}", shortened(tag));
            }
        }
        for name in ["href", "src", "action"] {
            if attribute(tag, name).is_some_and(|value| value.trim().to_ascii_lowercase().starts_with("javascript:")) {
                bail!("the page holds a javascript: address: {}", shortened(tag));
            }
        }
        rest = &rest[end..];
    }
    Ok(())
}

/// Where the next `<name` begins.
fn find_tag(html: &str, name: &str) -> Option<usize> {
    let lower = html.to_ascii_lowercase();
    let wanted = format!("<{name}");
    let mut from = 0;
    while let Some(found) = lower[from..].find(&wanted) {
        let at = from + found;
        let end = at + wanted.len();
        if lower[end..].starts_with(|c: char| c.is_ascii_whitespace() || c == '>' || c == '/') {
            return Some(at);
        }
        from = end;
    }
    None
}

/// The attributes of a tag as `(name, value)`, names in lower case.
fn attributes(tag: &str) -> Vec<(String, String)> {
    let inside = tag.trim_start_matches('<').trim_end_matches('>');
    let mut rest = inside.trim_start_matches(|c: char| !c.is_ascii_whitespace());
    let mut found = Vec::new();
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_ascii_whitespace() || c == '/');
        let name_end = rest.find(|c: char| c.is_ascii_whitespace() || matches!(c, '=' | '/')).unwrap_or(rest.len());
        let name = rest[..name_end].to_ascii_lowercase();
        if name.is_empty() {
            // A stray "=" would stop here for ever.
            match rest.chars().next() {
                None => return found,
                Some(c) => rest = &rest[c.len_utf8()..],
            }
            continue;
        }
        rest = rest[name_end..].trim_start();
        let mut value = "";
        if let Some(behind) = rest.strip_prefix('=') {
            let behind = behind.trim_start();
            (value, rest) = match behind.chars().next() {
                Some(quote @ ('"' | '\'')) => behind[1..].split_once(quote).unwrap_or((&behind[1..], "")),
                _ => behind.split_at(behind.find(|c: char| c.is_ascii_whitespace()).unwrap_or(behind.len())),
            };
        }
        found.push((name, value.to_owned()));
    }
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    attributes(tag).into_iter().find(|(found, _)| found == name).map(|(_, value)| value)
}

fn attribute_names(tag: &str) -> Vec<String> {
    attributes(tag).into_iter().map(|(name, _)| name).collect()
}

fn shortened(text: &str) -> String {
    text.chars().take(80).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_start_script_moves_into_a_file() {
        let html = "<html><head>\n<script type=\"module\">\nimport init from './app.js';\nawait init('./app.wasm');\n\
                    </script><link rel=\"stylesheet\" href=\"a.css\"></head><body><p>x</p></body></html>";
        let (page, scripts) = without_inline_scripts(html).expect("rewrites");
        assert_eq!(scripts.len(), 1);
        let (name, text) = &scripts[0];
        assert_eq!(text, "import init from './app.js';\nawait init('./app.wasm');\n");
        assert!(page.contains(&format!("<script type=\"module\" src=\"{name}\"></script>")), "{page}");
        assert!(!page.contains("import init"));
        // Done twice it changes nothing.
        assert_eq!(without_inline_scripts(&page).expect("rewrites"), (page, Vec::new()));
    }

    #[test]
    fn what_the_policy_would_refuse_is_an_error() {
        let cases = [
            "<script>alert(1)</script>",
            "<script type='importmap'>{}</script>",
            "<script src='a.js'>alert(1)</script>",
            "<script type=module>",
            "<STYLE>p{}</STYLE>",
            "<p style=\"color:red\">",
            "<p STYLE = 'color:red'>",
            "<button onclick=\"go()\">",
            "<body\nonload=go()>",
            "<a href=\" JavaScript:go()\">",
        ];
        for html in cases {
            assert!(without_inline_scripts(html).is_err(), "{html}");
        }
    }

    #[test]
    fn comments_go() {
        let html = "<p>a</p>\n  <!-- only a <script> -->\n<p>b</p><!-- c -->";
        assert_eq!(without_comments(html).expect("closed"), "<p>a</p>\n\n<p>b</p>");
        assert!(without_comments("<p><!-- open").is_err());
    }

    #[test]
    fn what_the_policy_admits_stays() {
        let html = "<!DOCTYPE html><html lang=\"en\"><script src=\"a.js\"></script><p class=\"style\" data-on=\"1\">once upon = a time</p><scripture/><br/></html>";
        assert_eq!(without_inline_scripts(html).expect("stays"), (html.to_owned(), Vec::new()));
    }
}
