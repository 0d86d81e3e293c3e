//! From addresses to an assistant: fetch, check every byte, build.

use mambaformer_clinical::knowledge;
use mambaformer_model::manifest::{FileEntry, MANIFEST_LIMIT_BYTES, ModelFile};
use mambaformer_model::weights::{Loader, WeightsError};

use super::fetch::Download;
use crate::pipeline::{Assistant, AssistantParts, PipelineError};
use crate::protocol::{ErrorKind, Event, Load, Stage};

/// The most bytes of the grounding lists.
const GROUNDING_LIMIT_BYTES: u64 = 1 << 20;
/// Progress is told every so many bytes.
const PROGRESS_BYTES: u64 = 128 << 10;

/// Why there is no assistant; the text is shown as it is.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// No answer at all.
    #[error("{name} could not be fetched; check the connection (or that the server runs) and start again")]
    Unreachable {
        /// The file.
        name: String,
    },
    /// An answer that is not the file.
    #[error("the server answered {status} for {name}; the site is incomplete, tell whoever runs it")]
    Status {
        /// The file.
        name: String,
        /// HTTP status.
        status: u16,
    },
    /// The connection went away in the middle.
    #[error("the download of {name} broke off; check the connection and start again")]
    Broken {
        /// The file.
        name: String,
    },
    /// More than the file may have.
    #[error("{name} has more than {limit_bytes} bytes, more than such a file may have; tell whoever runs this site")]
    TooLong {
        /// The file.
        name: String,
        /// The limit.
        limit_bytes: u64,
    },
    /// A file of the model, or building the assistant from the files.
    #[error(transparent)]
    Pipeline(#[from] PipelineError),
}

impl From<WeightsError> for LoadError {
    fn from(error: WeightsError) -> Self {
        Self::Pipeline(error.into())
    }
}

impl LoadError {
    /// The protocol's name for this kind of failure.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Unreachable { .. } | Self::Status { .. } | Self::Broken { .. } => ErrorKind::Network,
            Self::TooLong { .. } => ErrorKind::Integrity,
            Self::Pipeline(error) => error.kind(),
        }
    }
}

/// Fetches and checks everything and builds the assistant. `post` hears of the progress.
pub(super) async fn load(request: &Load, post: &dyn Fn(&Event)) -> Result<Assistant, LoadError> {
    let mut progress = Progress::new(post);

    progress.stage = Stage::Manifest;
    let limit = u64::try_from(MANIFEST_LIMIT_BYTES).unwrap_or(u64::MAX);
    let manifest = small(&request.manifest_url, "manifest.json", limit, &mut progress).await?;
    let mut loader = Loader::new(&manifest)?;
    drop(manifest);
    let tokenizer = loader.manifest().files.tokenizer.clone();
    let weights = loader.manifest().files.weights.clone();
    progress.expect(tokenizer.bytes + weights.bytes);

    // Small files first: a site that lacks one says so before the long download.
    progress.stage = Stage::Knowledge;
    let grounding = small(&request.grounding_url, "grounding.json", GROUNDING_LIMIT_BYTES, &mut progress).await?;
    let limit = u64::try_from(knowledge::MAX_FILE_BYTES).unwrap_or(u64::MAX);
    let knowledge = small(&request.knowledge_url, "knowledge.json", limit, &mut progress).await?;
    progress.stage = Stage::Tokenizer;
    chunked(&mut loader, ModelFile::Tokenizer, &tokenizer, request, &mut progress).await?;
    progress.stage = Stage::Weights;
    chunked(&mut loader, ModelFile::Weights, &weights, request, &mut progress).await?;

    progress.stage = Stage::Build;
    progress.tell();
    let weights = loader.finish()?;
    Ok(Assistant::new(AssistantParts { weights, knowledge: Some(knowledge), grounding, for_gpu: true })?)
}

/// A file whose size nobody told us.
async fn small(
    url: &str,
    name: &'static str,
    limit_bytes: u64,
    progress: &mut Progress<'_>,
) -> Result<Vec<u8>, LoadError> {
    let download = Download::start(url, name).await?;
    progress.expect(download.announced_bytes.unwrap_or_default());
    download.whole(limit_bytes, |bytes| progress.received(bytes)).await
}

/// A file of the manifest: its chunks are checked as they arrive, so that a damaged download ends at the damage.
async fn chunked(
    loader: &mut Loader,
    file: ModelFile,
    entry: &FileEntry,
    request: &Load,
    progress: &mut Progress<'_>,
) -> Result<(), LoadError> {
    let url = web_sys::Url::new_with_base(&entry.path, &request.manifest_url)
        .map_err(|_| LoadError::Unreachable { name: entry.path.clone() })?;
    let download = Download::start(&url.href(), &entry.path).await?;
    let mut found = 0_u64;
    download
        .stream(|bytes| {
            found += bytes.len() as u64;
            if found > entry.bytes {
                return Err(length_error(entry, found).into());
            }
            loader.feed(file, bytes)?;
            progress.received(bytes.len() as u64);
            Ok(())
        })
        .await?;
    if found == entry.bytes { Ok(()) } else { Err(length_error(entry, found).into()) }
}

fn length_error(entry: &FileEntry, found: u64) -> WeightsError {
    WeightsError::FileLength { file: entry.path.clone(), found, expected: entry.bytes }
}

/// Bytes so far and in all.
struct Progress<'p> {
    post: &'p dyn Fn(&Event),
    stage: Stage,
    loaded_bytes: u64,
    total_bytes: u64,
    told_bytes: u64,
}

impl<'p> Progress<'p> {
    fn new(post: &'p dyn Fn(&Event)) -> Self {
        Self { post, stage: Stage::Manifest, loaded_bytes: 0, total_bytes: 0, told_bytes: 0 }
    }

    fn expect(&mut self, bytes: u64) {
        self.total_bytes += bytes;
    }

    fn received(&mut self, bytes: u64) {
        self.loaded_bytes += bytes;
        if self.loaded_bytes - self.told_bytes >= PROGRESS_BYTES {
            self.tell();
        }
    }

    fn tell(&mut self) {
        self.told_bytes = self.loaded_bytes;
        (self.post)(&Event::Progress {
            stage: self.stage,
            loaded_bytes: self.loaded_bytes,
            // A server that announces no size must not make the page show more than all.
            total_bytes: self.total_bytes.max(self.loaded_bytes),
        });
    }
}
