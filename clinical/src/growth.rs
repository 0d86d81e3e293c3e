//! For tests: how the time of work grows with its text, on any machine.

use std::time::Instant;

/// Whether `work` on `unit` repeated to `long` bytes takes less than `most` times as long as to `short` bytes. Of six tries one suffices:
/// who else uses the machine disturbs a try, not all of them, and what is quadratic is so in each.
pub(crate) fn grows_less(most: f64, unit: &str, (short, long): (usize, usize), work: impl Fn(&str)) -> bool {
    let seconds = |bytes: usize| {
        let text = unit.repeat(bytes / unit.len());
        let started = Instant::now();
        work(&text);
        started.elapsed().as_secs_f64()
    };
    (0..6).any(|_| seconds(long) < most * seconds(short))
}

#[test]
fn what_is_quadratic_is_told() {
    let pairs = |text: &str| {
        let count = text.bytes().map(|a| text.bytes().filter(|b| *b <= a).count()).sum::<usize>();
        std::hint::black_box(count);
    };
    let once = |text: &str| {
        std::hint::black_box(text.bytes().map(usize::from).fold(0, |sum, byte| std::hint::black_box(sum + byte)));
    };
    assert!(!grows_less(30.0, "ab", (1_000, 16_000), pairs));
    assert!(grows_less(30.0, "ab", (100_000, 400_000), once));
}
