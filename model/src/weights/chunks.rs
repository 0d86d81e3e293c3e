//! Files that arrive in chunks, each checked against its hash before a byte of it is used.

use crate::manifest::{FileEntry, Sha256Hash};

use super::error::WeightsError;

/// Checks the chunks of one file, in any order.
#[derive(Debug, Clone)]
pub struct ChunkVerifier {
    file: FileEntry,
    verified: Vec<bool>,
}

impl ChunkVerifier {
    /// For a file of the manifest.
    #[must_use]
    pub fn new(file: &FileEntry) -> Self {
        Self { verified: vec![false; file.chunks.len()], file: file.clone() }
    }

    /// Checks chunk `index`; its bytes may be used only after `Ok`.
    pub fn push(&mut self, index: usize, bytes: &[u8]) -> Result<(), WeightsError> {
        let (Some(hash), Some(verified), Some(expected)) =
            (self.file.chunks.get(index), self.verified.get_mut(index), self.file.chunk_length(index))
        else {
            return Err(WeightsError::NoSuchChunk {
                file: self.file.path.clone(),
                index,
                chunks: self.file.chunks.len(),
            });
        };
        let found = bytes.len() as u64;
        if found != expected {
            return Err(WeightsError::ChunkLength { file: self.file.path.clone(), index, found, expected });
        }
        if Sha256Hash::of(bytes) != *hash {
            return Err(WeightsError::Corrupt { file: self.file.path.clone(), index });
        }
        *verified = true;
        Ok(())
    }

    /// The file checked.
    #[must_use]
    pub fn file(&self) -> &FileEntry {
        &self.file
    }

    /// Chunks not yet verified.
    #[must_use]
    pub fn missing(&self) -> usize {
        self.verified.iter().filter(|verified| !**verified).count()
    }
}

/// A file collected from verified chunks, or from a stream of bytes cut into chunks here.
#[derive(Debug)]
pub(crate) struct ChunkedFile {
    verifier: ChunkVerifier,
    chunks: Vec<Vec<u8>>,
    /// Bytes of the stream that do not yet fill a chunk.
    pending: Vec<u8>,
    /// Chunk the stream is in.
    streamed: usize,
}

impl ChunkedFile {
    pub(crate) fn new(file: &FileEntry) -> Self {
        Self {
            verifier: ChunkVerifier::new(file),
            chunks: vec![Vec::new(); file.chunks.len()],
            pending: Vec::new(),
            streamed: 0,
        }
    }

    pub(crate) fn push(&mut self, index: usize, bytes: Vec<u8>) -> Result<(), WeightsError> {
        self.verifier.push(index, &bytes)?;
        if let Some(place) = self.chunks.get_mut(index) {
            *place = bytes;
        }
        Ok(())
    }

    pub(crate) fn feed(&mut self, mut bytes: &[u8]) -> Result<(), WeightsError> {
        while !bytes.is_empty() {
            let file = self.verifier.file();
            let Some(length) = file.chunk_length(self.streamed).and_then(|length| usize::try_from(length).ok()) else {
                return Err(WeightsError::FileLength {
                    file: file.path.clone(),
                    found: file.bytes.saturating_add(bytes.len() as u64),
                    expected: file.bytes,
                });
            };
            if self.pending.capacity() < length {
                self.pending.reserve_exact(length - self.pending.len());
            }
            let (now, later) = bytes.split_at(bytes.len().min(length - self.pending.len()));
            self.pending.extend_from_slice(now);
            if self.pending.len() == length {
                let chunk = std::mem::take(&mut self.pending);
                self.push(self.streamed, chunk)?;
                self.streamed += 1;
            }
            bytes = later;
        }
        Ok(())
    }

    pub(crate) fn missing(&self) -> usize {
        self.verifier.missing()
    }

    /// The chunks as one readable sequence; an error while any is missing.
    pub(crate) fn into_reader(self) -> Result<ChunkReader, WeightsError> {
        let missing = self.verifier.missing();
        if missing > 0 {
            return Err(WeightsError::Incomplete { file: self.verifier.file().path.clone(), missing });
        }
        Ok(ChunkReader {
            length: self.verifier.file().bytes,
            chunks: self.chunks.into_iter(),
            current: Vec::new(),
            at: 0,
        })
    }
}

/// Reads verified chunks once, front to back, and frees each as soon as it is read: file and tensors never stand in
/// memory twice.
pub(crate) struct ChunkReader {
    length: u64,
    chunks: std::vec::IntoIter<Vec<u8>>,
    current: Vec<u8>,
    at: usize,
}

impl ChunkReader {
    /// Bytes of the whole file.
    pub(crate) fn length(&self) -> u64 {
        self.length
    }

    /// Fills `target`; an error names the shortfall when the file ends before.
    pub(crate) fn fill(&mut self, mut target: &mut [u8]) -> Result<(), WeightsError> {
        while !target.is_empty() {
            if self.at == self.current.len() {
                let short = WeightsError::HeaderCut {
                    found: self.length,
                    needed: self.length.saturating_add(target.len() as u64),
                };
                self.current = self.chunks.next().ok_or(short)?;
                self.at = 0;
                continue;
            }
            let rest = &self.current[self.at..];
            let now = rest.len().min(target.len());
            let (head, tail) = target.split_at_mut(now);
            head.copy_from_slice(&rest[..now]);
            self.at += now;
            target = tail;
        }
        Ok(())
    }
}
