//! How many tests passed and failed, from what the runners print.

use std::iter::Sum;

/// Tests of a stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Counts {
    /// Tests that passed.
    pub(crate) passed: u64,
    /// Tests that failed, and checks.
    pub(crate) failed: u64,
}

impl Sum for Counts {
    fn sum<I: Iterator<Item = Counts>>(all: I) -> Counts {
        all.fold(Counts::default(), |sum, next| Counts {
            passed: sum.passed + next.passed,
            failed: sum.failed + next.failed,
        })
    }
}

/// Adds up the summary lines of a runner: of nextest (`Summary [ 1.2s] 3 tests run: 2 passed (1 slow), 1 failed, 0
/// skipped`), else of libtest and wasm-bindgen-test (`test result: ok. 3 passed; 0 failed; …`), else of our own
/// (`3 passed, 0 failed`). Nextest repeats the output of tests that fail, with libtest's summary of the one test in it, so
/// the kinds are never mixed.
pub(crate) fn parse(text: &str) -> Counts {
    let lines: Vec<String> = text.lines().map(|line| without_colour(line).trim().to_owned()).collect();
    [nextest, libtest, own]
        .iter()
        .map(|kind| lines.iter().filter_map(|line| kind(line)).collect::<Vec<_>>())
        .find(|summaries| !summaries.is_empty())
        .map_or(Counts::default(), |summaries| summaries.into_iter().map(numbers).sum())
}

fn nextest(line: &str) -> Option<&str> {
    line.strip_prefix("Summary [")?.split_once("run:").map(|(_, rest)| rest)
}

fn libtest(line: &str) -> Option<&str> {
    line.strip_prefix("test result:")
}

/// Exactly `N passed, N failed`.
fn own(line: &str) -> Option<&str> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let number = |word: &str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit());
    matches!(words.as_slice(), [passed, "passed,", failed, "failed"] if number(passed) && number(failed))
        .then_some(line)
}

/// The numbers in front of "passed" and "failed" ("timed out" has failed, too).
fn numbers(summary: &str) -> Counts {
    let mut counts = Counts::default();
    let mut before = "";
    let words = summary.split(|c: char| c.is_whitespace() || matches!(c, ',' | ';' | '(' | ')' | '.'));
    for word in words.filter(|word| !word.is_empty()) {
        let number = before.parse::<u64>().unwrap_or(0);
        match word {
            "passed" => counts.passed += number,
            "failed" | "timed" => counts.failed += number,
            _ => {}
        }
        before = word;
    }
    counts
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
            (
                "    test result: FAILED. 0 passed; 1 failed; 0 ignored\n     Summary [ 46.6s] 169 tests run: 168 passed, 1 failed, 0 skipped",
                168,
                1,
            ),
            ("3 passed, 1 failed\ntest result: ok. 2 passed; 0 failed;", 2, 0),
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
