//! A page without anything from elsewhere: tables, and bars as inline SVG.

use std::fmt::{self, Display, Write};

/// Pixels of the widest bar, of the names before the bars, and of a bar's height with its gap.
const BAR_WIDTH: f64 = 420.0;
const NAME_WIDTH: usize = 260;
const BAR_HEIGHT: usize = 18;

const STYLE: &str = "body{font:15px/1.5 system-ui,sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem;color:#1b2733;background:#fff}\
h2{margin-top:2.5rem}table{border-collapse:collapse;margin:1rem 0}th,td{padding:.25rem .75rem;text-align:right;border-bottom:1px solid #d5dde5}\
th:first-child,td:first-child{text-align:left}svg text{font:12px system-ui,sans-serif;fill:currentColor}rect{fill:#1f7a8c}\
@media(prefers-color-scheme:dark){body{color:#dfe7ee;background:#131a21}th,td{border-color:#33414e}rect{fill:#5bb3c4}}";

/// A page in the making.
#[derive(Debug)]
pub(crate) struct Page(String);

impl Page {
    /// A page with its title.
    pub(crate) fn new(title: &str) -> Result<Page, fmt::Error> {
        let mut out = String::new();
        let title = escaped(title);
        write!(
            out,
            "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
             <title>{title}</title><style>{STYLE}</style></head>\n<body><h1>{title}</h1>\n"
        )?;
        Ok(Page(out))
    }

    /// A heading.
    pub(crate) fn heading(&mut self, text: &str) -> fmt::Result {
        writeln!(self.0, "<h2>{}</h2>", escaped(text))
    }

    /// A paragraph.
    pub(crate) fn paragraph(&mut self, text: &str) -> fmt::Result {
        writeln!(self.0, "<p>{}</p>", escaped(text))
    }

    /// A table with its head.
    pub(crate) fn table(&mut self, head: &[&str], rows: &[Vec<String>]) -> fmt::Result {
        write!(self.0, "<table><thead><tr>")?;
        for cell in head {
            write!(self.0, "<th scope=\"col\">{}</th>", escaped(cell))?;
        }
        write!(self.0, "</tr></thead><tbody>")?;
        for row in rows {
            write!(self.0, "<tr>")?;
            for cell in row {
                write!(self.0, "<td>{}</td>", escaped(cell))?;
            }
            write!(self.0, "</tr>")?;
        }
        writeln!(self.0, "</tbody></table>")
    }

    /// A bar for each name; what is 0 is marked by an empty row.
    pub(crate) fn bars<N: Display>(&mut self, label: &str, bars: &[(N, usize)]) -> fmt::Result {
        let most = bars.iter().map(|(_, count)| *count).max().unwrap_or(0).max(1);
        let height = bars.len() * BAR_HEIGHT;
        let width = NAME_WIDTH as f64 + BAR_WIDTH + 60.0;
        write!(self.0, "<svg role=\"img\" aria-label=\"{}\" width=\"{width}\" height=\"{height}\">", escaped(label))?;
        for (index, (name, count)) in bars.iter().enumerate() {
            let top = index * BAR_HEIGHT;
            let length = BAR_WIDTH * *count as f64 / most as f64;
            let (text, end) = (top + 13, NAME_WIDTH as f64 + length + 6.0);
            write!(
                self.0,
                "<text x=\"{}\" y=\"{text}\" text-anchor=\"end\">{}</text>\
                 <rect x=\"{NAME_WIDTH}\" y=\"{}\" width=\"{length:.1}\" height=\"{}\"/><text x=\"{end:.1}\" y=\"{text}\">{count}</text>",
                NAME_WIDTH - 8,
                escaped(&name.to_string()),
                top + 2,
                BAR_HEIGHT - 4
            )?;
        }
        writeln!(self.0, "</svg>")
    }

    /// The whole page.
    pub(crate) fn finish(mut self) -> String {
        self.0.push_str("</body></html>\n");
        self.0
    }
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_escaped_and_bars_have_their_lengths() {
        let mut page = Page::new("A & <B>").expect("writes");
        page.heading("C").expect("writes");
        page.table(&["a"], &[vec!["<script>".to_owned()]]).expect("writes");
        page.bars("counts", &[("x", 10), ("y \"z\"", 5), ("none", 0)]).expect("writes");
        let page = page.finish();
        assert!(page.contains("<title>A &amp; &lt;B&gt;</title>") && !page.contains("<script>"));
        for expected in ["width=\"420.0\"", "width=\"210.0\"", "width=\"0.0\"", "y &quot;z&quot;"] {
            assert!(page.contains(expected), "{expected}");
        }
        assert!(!page.contains("http"), "nothing is loaded from elsewhere");
    }
}
