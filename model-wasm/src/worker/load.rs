//! From addresses to an assistant: fetch, check every byte, build.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use mambaformer_clinical::assets::{self, AssetError, AssetIndex};
use mambaformer_clinical::identifiers::Identifiers;
use mambaformer_clinical::integrity::sha256_hex;
use mambaformer_model::kind::ModelConfig;
use mambaformer_model::manifest::{FileEntry, ModelFile};
use mambaformer_model::sentence_encoder::SentenceEncoderLoader;
use mambaformer_model::weights::{Loader, LoaderOf, WeightsError};

use super::fetch::Download;
use super::pause::{now_ms, wait};
use super::script::{self, Turn};
use super::shelf::{Listed, PART_BYTES, Shelf};
use crate::pipeline::{Assistant, AssistantParts, Clinic, ClinicFiles, PipelineError, RetrieverParts};
use crate::protocol::{ErrorKind, Event, Hold, Load, Stage, Stored};

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
/// How often a halted download looks whether it may go on.
const HOLD_MS: i32 = 250;
/// How long another tab may take for its next part before this one downloads as well.
const PATIENCE_MS: f64 = 15_000.0;
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
    /// Whether the same request may get through in a moment.
    fn may_pass(&self) -> bool {
        match self {
            Self::Unreachable { .. } | Self::Broken { .. } => true,
            Self::Status { status, .. } => matches!(status, 408 | 429 | 500..=599),
            Self::TooLong { .. } | Self::Asset(_) | Self::Pipeline(_) => false,
        }
    }

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

/// Fetches and checks everything and builds the assistant. `post` hears of the progress; while `paused` nothing is received.
///
/// `on_clinic` gets what needs no model as soon as it is there: what can be looked up, and the search for identifiers.
pub(super) async fn load(
    request: &Load,
    post: &dyn Fn(&Event),
    paused: &Cell<bool>,
    on_clinic: impl FnOnce(Rc<Clinic>, Identifiers),
) -> Result<Assistant, LoadError> {
    let mut progress = Progress::new(post);
    progress.stage = Stage::Manifest;
    let files = Files::open(&request.assets_url, paused).await?;
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
    files.shelf.sweep(&files.index).await;
    script::seal();
    post(&Event::Stored(Stored { kept_bytes: files.shelf.kept_bytes(), total_bytes: progress.total_bytes }));
    Ok(Assistant::new(AssistantParts { weights, clinic, for_gpu: true })?)
}

/// What lies beside the index.
struct Files<'p> {
    /// Its address.
    url: String,
    index: AssetIndex,
    shelf: Shelf,
    paused: &'p Cell<bool>,
    /// Held from the first file that has to be fetched to the end of loading.
    turn: RefCell<Option<Turn>>,
}

impl<'p> Files<'p> {
    /// Fetches the index.
    async fn open(url: &str, paused: &'p Cell<bool>) -> Result<Self, LoadError> {
        const INDEX: &str = "index.json";
        let limit_bytes = u64::try_from(assets::MAX_FILE_BYTES).unwrap_or(u64::MAX);
        let mut retry = Retry::default();
        let bytes = loop {
            match whole(url, INDEX, limit_bytes).await {
                Ok(bytes) => break bytes,
                Err(error) => retry.after(error).await?,
            }
        };
        let index = AssetIndex::from_bytes(&bytes)?;
        Ok(Self { url: url.to_owned(), index, shelf: Shelf::open().await, paused, turn: RefCell::new(None) })
    }

    /// A file of the index.
    fn listed(&self, path: &str) -> Result<Listed, LoadError> {
        let address = web_sys::Url::new_with_base(path, &self.url)
            .map(|url| url.href())
            .map_err(|_| LoadError::Unreachable { name: path.to_owned() })?;
        Ok(Listed { asset: self.index.get(path)?.clone(), address })
    }

    /// A file that is used whole, checked against the index.
    async fn whole(&self, path: &str, progress: &mut Progress<'_>) -> Result<Vec<u8>, LoadError> {
        let file = self.listed(path)?;
        let mut all = Vec::new();
        let sink = |bytes: &[u8]| {
            all.extend_from_slice(bytes);
            Ok(())
        };
        let streamed = self.stream(&file, progress, sink).await;
        let checked = streamed.and_then(|()| Ok(file.asset.verify(&all)?));
        self.settle(&file, checked).await?;
        Ok(all)
    }

    /// Tokenizer and weights of a model's folder: their chunks are checked as they arrive, so that a damaged download ends at the damage.
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
        for (kind, entry) in listed {
            let file = self.listed(&in_folder(folder, &entry.path))?;
            let mut found = 0_u64;
            let sink = |bytes: &[u8]| {
                found += bytes.len() as u64;
                if found > entry.bytes {
                    return Err(length_error(&entry, found).into());
                }
                loader.feed(kind, bytes)?;
                Ok(())
            };
            let streamed = self.stream(&file, progress, sink).await;
            let checked = streamed
                .and_then(|()| if found == entry.bytes { Ok(()) } else { Err(length_error(&entry, found).into()) });
            self.settle(&file, checked).await?;
        }
        Ok(loader)
    }

    /// Removes what was kept of a file that turned out to be another one.
    async fn settle(&self, file: &Listed, checked: Result<(), LoadError>) -> Result<(), LoadError> {
        if checked.as_ref().is_err_and(|error| error.kind() == ErrorKind::Integrity) {
            self.shelf.forget(file).await;
        }
        checked
    }

    /// Hands a file to `sink`, part by part: from the shelf, or from the server. After a break it goes on with the part it was in.
    async fn stream(
        &self,
        file: &Listed,
        progress: &mut Progress<'_>,
        mut sink: impl FnMut(&[u8]) -> Result<(), LoadError>,
    ) -> Result<(), LoadError> {
        let mut part = 0;
        let mut patience = Patience::default();
        while part < file.parts() {
            if let Some(bytes) = self.shelf.part(file, part).await {
                progress.received(bytes.len() as u64);
                sink(&bytes)?;
                part += 1;
                patience = Patience::default();
            } else if self.may_download().await || patience.is_over() {
                break;
            } else {
                progress.halt(Some(Hold::OtherTab));
                wait(HOLD_MS).await;
            }
        }
        progress.halt(None);
        let mut retry = Retry::default();
        while part < file.parts() {
            let before = part;
            match self.fetch(file, &mut part, progress, &mut sink).await {
                // Whole, or ended before its time by a server that says that it is whole.
                Ok(()) => return Ok(()),
                Err(error) => {
                    if part > before {
                        retry = Retry::default();
                    }
                    retry.after(error).await?;
                }
            }
        }
        Ok(())
    }

    /// Whether no other tab is downloading, which would be twice the same bytes.
    async fn may_download(&self) -> bool {
        if self.turn.borrow().is_some() {
            return true;
        }
        let turn = Turn::begin().await;
        let mine = turn.is_some();
        *self.turn.borrow_mut() = turn;
        mine
    }

    /// Fetches a file from `part` on, which counts the parts that have been handed on.
    async fn fetch(
        &self,
        file: &Listed,
        part: &mut u64,
        progress: &mut Progress<'_>,
        sink: &mut impl FnMut(&[u8]) -> Result<(), LoadError>,
    ) -> Result<(), LoadError> {
        let mut download = Download::start(&file.address, &file.asset.path, *part * PART_BYTES).await?;
        let mut held = Vec::new();
        loop {
            let bytes = match download.next().await {
                Ok(Some(bytes)) => bytes,
                Ok(None) => break,
                Err(error) => {
                    // What was received of this part is received again.
                    progress.lost(held.len() as u64);
                    return Err(error);
                }
            };
            // What is not read the browser stops receiving.
            while self.paused.get() {
                wait(HOLD_MS).await;
            }
            progress.received(bytes.len() as u64);
            held.extend_from_slice(&bytes);
            while *part + 1 < file.parts() && held.len() as u64 >= PART_BYTES {
                let rest = held.split_off(usize::try_from(PART_BYTES).unwrap_or(usize::MAX));
                self.hand_on(file, part, &held, sink).await?;
                held = rest;
            }
            if *part + 1 >= file.parts() && held.len() as u64 > file.length(*part) {
                return Err(LoadError::TooLong { name: file.asset.path.clone(), limit_bytes: file.asset.bytes });
            }
        }
        if held.len() as u64 == file.length(*part) {
            return self.hand_on(file, part, &held, sink).await;
        }
        // Too short: whoever takes it in finds out, with the length in words.
        sink(&held)
    }

    /// Gives a whole part to `sink` and keeps it.
    async fn hand_on(
        &self,
        file: &Listed,
        part: &mut u64,
        bytes: &[u8],
        sink: &mut impl FnMut(&[u8]) -> Result<(), LoadError>,
    ) -> Result<(), LoadError> {
        sink(bytes)?;
        self.shelf.keep(file, *part, bytes).await;
        *part += 1;
        Ok(())
    }
}

/// A small file, at most `limit_bytes`.
async fn whole(url: &str, name: &str, limit_bytes: u64) -> Result<Vec<u8>, LoadError> {
    let mut download = Download::start(url, name, 0).await?;
    let mut all = Vec::new();
    while let Some(bytes) = download.next().await? {
        all.extend_from_slice(&bytes);
        if all.len() as u64 > limit_bytes {
            return Err(LoadError::TooLong { name: name.to_owned(), limit_bytes });
        }
    }
    Ok(all)
}

/// Waits for another tab as long as it gets on: it may be frozen.
struct Patience {
    since_ms: f64,
}

impl Default for Patience {
    fn default() -> Self {
        Self { since_ms: now_ms() }
    }
}

impl Patience {
    fn is_over(&self) -> bool {
        now_ms() - self.since_ms > PATIENCE_MS
    }
}

/// Tries again after what may pass: later each time, and not for ever.
#[derive(Default)]
struct Retry {
    tries: usize,
}

impl Retry {
    /// Milliseconds before each further try.
    const WAITS: [i32; 4] = [300, 1_000, 3_000, 6_000];

    /// Waits where another try may help; gives the error back where none does, or none is left.
    async fn after(&mut self, error: LoadError) -> Result<(), LoadError> {
        match Self::WAITS.get(self.tries) {
            Some(milliseconds) if error.may_pass() => {
                self.tries += 1;
                wait(*milliseconds).await;
                Ok(())
            }
            _ => Err(error),
        }
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
    /// As the page knows it.
    hold: Option<Hold>,
}

impl<'p> Progress<'p> {
    fn new(post: &'p dyn Fn(&Event)) -> Self {
        Self { post, stage: Stage::Manifest, loaded_bytes: 0, total_bytes: 0, told_bytes: 0, hold: None }
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

    /// Tells of a halt and of its end, once.
    fn halt(&mut self, hold: Option<Hold>) {
        if self.hold != hold {
            self.hold = hold;
            (self.post)(&Event::Held { hold });
        }
    }

    /// Bytes that will be received again.
    fn lost(&mut self, bytes: u64) {
        self.loaded_bytes -= bytes;
        self.tell();
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
