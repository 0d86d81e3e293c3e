//! How many tests passed and failed, from what the runners print.

/// Tests of a stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Counts {
    /// Tests that passed.
    pub(crate) passed: u64,
    /// Tests that failed, and checks.
    pub(crate) failed: u64,
}

impl Counts {
    /// Adds another stage's.
    pub(crate) fn add(&mut self, other: Counts) {
        self.passed += other.passed;
        self.failed += other.failed;
    }
}

/// Adds up the summary lines of libtest and wasm-bindgen-test (`test result: ok. 3 passed; 0 failed; …`), of nextest
/// (`Summary [ 1.2s] 3 tests run: 2 passed (1 slow), 1 failed, 0 skipped`) and of our own runners (`3 passed, 0 failed`).
pub(crate) fn parse(text: &str) -> Counts {
    let mut counts = Counts::default();
    for line in text.lines() {
        let line = without_colour(line);
        let line = line.trim();
        let summary = if let Some((_, rest)) = line.split_once("test result:") {
            rest
        } else if line.starts_with("Summary [") && line.contains("run:") {
            line.split_once("run:").map_or("", |(_, rest)| rest)
        } else if is_own_summary(line) {
            line
        } else {
            continue;
        };
        let mut before = "";
        for word in summary.split(|c: char| c.is_whitespace() || matches!(c, ',' | ';' | '(' | ')' | '.')) {
            if word.is_empty() {
                continue;
            }
            let number = before.parse::<u64>().unwrap_or(0);
            match word {
                "passed" => counts.passed += number,
                "failed" | "timed" => counts.failed += number,
                _ => {}
            }
            before = word;
        }
    }
    counts
}

/// Exactly `N passed, N failed`.
fn is_own_summary(line: &str) -> bool {
    let words: Vec<&str> = line.split_whitespace().collect();
    let number = |word: &str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit());
    matches!(words.as_slice(), [passed, "passed,", failed, "failed"] if number(passed) && number(failed))
}

/// Runners that believe in a terminal colour their summaries.
fn without_colour(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        if c == '\u{1B}' {
            // ESC [ … letter
            let _ = chars.by_ref().find(char::is_ascii_alphabetic);
        } else {
            out.push(c);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn summaries_of_all_runners() {
        let cases = [
            ("", 0, 0),
            ("test result: ok. 43 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.94s", 43, 0),
            ("test result: FAILED. 2 passed; 1 failed; 0 ignored; 0 filtered out", 2, 1),
            (
                "test result: ok. 3 passed; 0 failed; 0 ignored; 0 filtered out; finished in 1.20s\ntest result: ok. 4 passed; 0 failed;",
                7,
                0,
            ),
            ("     Summary [   0.941s] 43 tests run: 43 passed, 0 skipped", 43, 0),
            ("     Summary [  12.0s] 10/12 tests run: 7 passed (2 slow), 2 failed, 1 timed out, 3 skipped", 7, 3),
            (
                "\u{1B}[32;1m     Summary\u{1B}[0m [   0.9s] \u{1B}[1m4\u{1B}[0m tests run: \u{1B}[1m4\u{1B}[0m \u{1B}[32;1mpassed\u{1B}[0m, 0 skipped",
                4,
                0,
            ),
            ("12 passed, 0 failed", 12, 0),
            ("  5 passed, 2 failed\n", 5, 2),
            ("yesterday 5 passed, 2 failed", 0, 0),
            ("no tests to run!", 0, 0),
            ("test passed ... ok", 0, 0),
        ];
        for (text, passed, failed) in cases {
            assert_eq!(parse(text), Counts { passed, failed }, "{text}");
        }
    }
}
