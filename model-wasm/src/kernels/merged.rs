//! A prompt's tokens with the positions that hold each: the table by which `mixture` and `sample` merge repeated tokens.

use super::case::dimension;

/// The table `[3, room]`: distinct tokens in ascending order, where the run of each ends, and positions by token, ascending within one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Merged {
    /// How many tokens are distinct.
    pub distinct: u32,
    /// As the shaders read it.
    pub words: Vec<u32>,
}

impl Merged {
    /// Words of a table for prompts of up to `room` tokens.
    #[must_use]
    pub const fn words(room: usize) -> usize {
        3 * room
    }

    /// Lays a prompt out; tokens beyond `room` are left out.
    #[must_use]
    pub fn new(prompt: &[u32], room: usize) -> Self {
        let mut positions: Vec<usize> = (0..prompt.len().min(room)).collect();
        positions.sort_by_key(|position| (prompt[*position], *position));
        let runs: Vec<&[usize]> = positions.chunk_by(|a, b| prompt[*a] == prompt[*b]).collect();
        let mut words = vec![0; Self::words(room)];
        let mut end = 0;
        for (index, run) in runs.iter().enumerate() {
            words[index] = run.first().map_or(0, |position| prompt[*position]);
            end += run.len();
            words[room + index] = dimension(end);
        }
        for (word, position) in words[2 * room..].iter_mut().zip(positions.iter()) {
            *word = dimension(*position);
        }
        Self { distinct: dimension(runs.len()), words }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_stand_by_token() {
        let merged = Merged::new(&[7, 3, 7, 9, 3, 7], 8);
        assert_eq!(merged.distinct, 3);
        assert_eq!(merged.words[..3], [3, 7, 9]);
        assert_eq!(merged.words[8..11], [2, 5, 6]);
        assert_eq!(merged.words[16..22], [1, 4, 0, 2, 5, 3]);
        assert_eq!(Merged::new(&[], 4), Merged { distinct: 0, words: vec![0; 12] });
        assert_eq!(Merged::new(&[5; 9], 4).words[4], 4, "no more than there is room for");
    }
}
