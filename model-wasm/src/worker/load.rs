//! From addresses to an assistant: fetch, check every byte, build.

use std::rc::Rc;

use mambaformer_clinical::assets::{self, Asset, AssetError, AssetIndex};
use mambaformer_clinical::identifiers::Identifiers;
use mambaformer_clinical::integrity::sha256_hex;
use mambaformer_model::kind::ModelConfig;
use mambaformer_model::manifest::{FileEntry, ModelFile};
use mambaformer_model::sentence_encoder::SentenceEncoderLoader;
use mambaformer_model::weights::{Loader, LoaderOf, WeightsError};

use super::fetch::Download;
use crate::pipeline::{Assistant, AssistantParts, Clinic, ClinicFiles, PipelineError, RetrieverParts};
use crate::protocol::{ErrorKind, Event, Load, Stage};

/// The folder of the model.
const MODEL: &str = "model";
/// The folder of the sentence encoder.
const RETRIEVER: &str = "retriever";
/// The lists of names and places that identifiers are found by.
const NAMES: &str = "names.json";
/// The list of tensors in a model's folder.
const MANIFEST: &str = "manifest.json";
/// The vectors of the knowledge base, beside their encoder.
const VECTORS: &str = "vectors.bin";
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
    /// The index, or a file that does not match it.
    #[error(transparent)]
    Asset(#[from] AssetError),
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
            Self::TooLong { .. } | Self::Asset(AssetError::Length { .. } | AssetError::Hash { .. }) => {
                ErrorKind::Integrity
            }
            Self::Asset(_) => ErrorKind::Manifest,
            Self::Pipeline(error) => error.kind(),
        }
    }
}

/// Fetches and checks everything and builds the assistant. `post` hears of the progress.
///
/// `on_clinic` gets what needs no model as soon as it is there: what can be looked up, and the search for identifiers.
pub(super) async fn load(
    request: &Load,
    post: &dyn Fn(&Event),
    on_clinic: impl FnOnce(Rc<Clinic>, Identifiers),
) -> Result<Assistant, LoadError> {
    let mut progress = Progress::new(post);
    progress.stage = Stage::Manifest;
    let files = Files::open(&request.assets_url).await?;
    // What the index lists besides is for others.
    let folders = [RETRIEVER, MODEL];
    let is_wanted = |path: &str| {
        ClinicFiles::NAMES.contains(&path)
            || path == NAMES
            || path.split_once('/').is_some_and(|(folder, _)| folders.contains(&folder))
    };
    progress.expect(files.index.files().filter(|asset| is_wanted(&asset.path)).map(|asset| asset.bytes).sum());

    // Small files first: a site that lacks one says so before the long download.
    progress.stage = Stage::Knowledge;
    let mut rules = ClinicFiles::default();
    for name in ClinicFiles::NAMES {
        rules = rules.with(name, files.whole(name, &mut progress).await?);
    }
    let clinic = Rc::new(Clinic::new(&rules)?);
    drop(rules);
    let names = files.whole(NAMES, &mut progress).await?;
    let identifiers = Identifiers::from_bytes(&names).map_err(PipelineError::from)?;
    drop(names);
    on_clinic(Rc::clone(&clinic), identifiers);

    progress.stage = Stage::Retriever;
    let manifest = files.whole(&in_folder(RETRIEVER, MANIFEST), &mut progress).await?;
    let manifest_sha256 = sha256_hex(&manifest);
    let vectors = files.whole(&in_folder(RETRIEVER, VECTORS), &mut progress).await?;
    let loader = files.fill(SentenceEncoderLoader::new(&manifest)?, RETRIEVER, &mut progress).await?;
    clinic.add_retriever(RetrieverParts { weights: loader.finish()?, manifest_sha256, vectors })?;

    progress.stage = Stage::Weights;
    let manifest = files.whole(&in_folder(MODEL, MANIFEST), &mut progress).await?;
    let loader = files.fill(Loader::new(&manifest)?, MODEL, &mut progress).await?;

    progress.stage = Stage::Build;
    progress.tell();
    let weights = loader.finish()?;
    Ok(Assistant::new(AssistantParts { weights, clinic, for_gpu: true })?)
}

/// What lies beside the index.
struct Files {
    /// Its address.
    url: String,
    index: AssetIndex,
}

impl Files {
    /// Fetches the index.
    async fn open(url: &str) -> Result<Self, LoadError> {
        let limit = u64::try_from(assets::MAX_FILE_BYTES).unwrap_or(u64::MAX);
        let bytes = Download::start(url, "index.json").await?.whole(limit, |_| ()).await?;
        Ok(Self { url: url.to_owned(), index: AssetIndex::from_bytes(&bytes)? })
    }

    fn address(&self, path: &str) -> Result<String, LoadError> {
        web_sys::Url::new_with_base(path, &self.url)
            .map(|url| url.href())
            .map_err(|_| LoadError::Unreachable { name: path.to_owned() })
    }

    /// A file that is used whole, checked against the index.
    async fn whole(&self, path: &str, progress: &mut Progress<'_>) -> Result<Vec<u8>, LoadError> {
        let asset: &Asset = self.index.get(path)?;
        let download = Download::start(&self.address(path)?, path).await?;
        let bytes = download.whole(asset.bytes, |bytes| progress.received(bytes)).await?;
        asset.verify(&bytes)?;
        Ok(bytes)
    }

    /// Tokenizer and weights of a model's folder.
    async fn fill<C: ModelConfig>(
        &self,
        mut loader: LoaderOf<C>,
        folder: &str,
        progress: &mut Progress<'_>,
    ) -> Result<LoaderOf<C>, LoadError> {
        let listed = [
            (ModelFile::Tokenizer, loader.manifest().files.tokenizer.clone()),
            (ModelFile::Weights, loader.manifest().files.weights.clone()),
        ];
        for (file, entry) in listed {
            self.chunked(&mut loader, file, folder, &entry, progress).await?;
        }
        Ok(loader)
    }

    /// A file of the model's manifest: its chunks are checked as they arrive, so that a damaged download ends at the damage.
    async fn chunked<C: ModelConfig>(
        &self,
        loader: &mut LoaderOf<C>,
        file: ModelFile,
        folder: &str,
        entry: &FileEntry,
        progress: &mut Progress<'_>,
    ) -> Result<(), LoadError> {
        let download = Download::start(&self.address(&in_folder(folder, &entry.path))?, &entry.path).await?;
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
}

fn in_folder(folder: &str, file: &str) -> String {
    format!("{folder}/{file}")
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
