//! A text file as a note: chosen, or dropped. It is read in this page and goes nowhere.

use leptos::ev::DragEvent;
use leptos::html;
use leptos::prelude::*;
use leptos::task::spawn_local;
use mambaformer_wasm::protocol::MAX_NOTE_CHARS;
use wasm_bindgen_futures::JsFuture;
use web_sys::{File, FileList, TextDecoder};

use crate::assistant::Assistant;
use crate::note_file::{Refused, encoding, joined, most_bytes};
use crate::words::note_file as words;

/// The button below the note, and the file's way into it.
#[component]
pub fn NoteFile(
    /// Told of the note's new length.
    changed: Callback<()>,
    /// What was dropped on the note.
    dropped: RwSignal<Option<File>, LocalStorage>,
) -> impl IntoView {
    let assistant = expect_context::<Assistant>();
    let input = NodeRef::<html::Input>::new();
    let told = RwSignal::new(String::new());
    let take = move |file: File| {
        spawn_local(async move {
            let name = file.name();
            let read = text_of(&file).await;
            // The page may be gone by now.
            let Some(area) = assistant.note.try_get_untracked().flatten() else { return };
            told.set(match read {
                Ok(text) => {
                    area.set_value(&joined(&area.value(), &text));
                    changed.run(());
                    words::added(&name)
                }
                Err(why) => words::refused(&name, why),
            });
        });
    };
    Effect::new(move |_| {
        if let Some(file) = dropped.get() {
            take(file);
        }
    });
    let choose = move |_| {
        let Some(input) = input.get_untracked() else { return };
        if let Some(file) = input.files().and_then(|files| files.item(0)) {
            take(file);
        }
        // The same file can be chosen again.
        input.set_value("");
    };
    let open = move |_| {
        if let Some(input) = input.get_untracked() {
            input.click();
        }
    };
    view! {
        <div class="ask__file">
            <input
                type="file"
                accept=".txt,text/plain"
                hidden
                data-testid="note-file"
                node_ref=input
                on:change=choose
            />
            <button class="button" type="button" data-testid="note-file-choose" on:click=open>
                {words::CHOOSE}
            </button>
            <p class="ask__hint">{words::HELP}</p>
            <p role="status" data-testid="note-file-told">{move || told.get()}</p>
        </div>
    }
}

/// The first file that is dropped; the browser would open it in the place of the page.
#[must_use]
pub fn dropped_file(event: &DragEvent) -> Option<File> {
    let files: FileList = event.data_transfer()?.files()?;
    let file = files.item(0)?;
    event.prevent_default();
    Some(file)
}

async fn text_of(file: &File) -> Result<String, Refused> {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // a whole number of bytes
    let size = file.size() as u64;
    if size > most_bytes(MAX_NOTE_CHARS) {
        return Err(Refused::TooLong { bytes: size });
    }
    let buffer = JsFuture::from(file.array_buffer()).await.map_err(|_| Refused::Unreadable)?;
    let bytes = js_sys::Uint8Array::new(&buffer).to_vec();
    let encoding = encoding(&bytes).ok_or(Refused::NoText)?;
    let decoder = TextDecoder::new_with_label(encoding.label()).map_err(|_| Refused::Unreadable)?;
    decoder.decode_with_u8_array(&bytes).map_err(|_| Refused::NoText)
}
