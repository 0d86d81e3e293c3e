//! Copying and printing an answer, and the preview where question and note go with it.

use std::sync::Arc;

use leptos::prelude::*;
use leptos::task::spawn_local;
use mambaformer_wasm::redaction::Redacted;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;

use crate::assistant::Assistant;
use crate::language::{self, CONTENT};
use crate::parts::choice::CheckBox;
use crate::session::{Model, Turn};
use crate::take_away::{self, Included, Provenance};
use crate::words::{identifiers, message, take_away as words};

/// What is taken along; shared by the panel and the printed sheet, so that both are the same text.
#[derive(Clone, Copy)]
pub struct TakeAway {
    assistant: Assistant,
    /// The preview as the reader has changed it; `None` until question and note have been searched.
    edited: RwSignal<Option<String>>,
    /// Whether question and note are to go along.
    include: Memo<bool>,
}

impl TakeAway {
    /// Nothing but the answer goes along.
    #[must_use]
    pub fn new(assistant: Assistant) -> Self {
        let include = Memo::new(move |_| assistant.session.with(|session| session.included != Included::Nothing));
        let edited = RwSignal::new(None);
        let take_away = Self { assistant, edited, include };
        let searched = Memo::new(move |_| {
            assistant.session.with(|session| match &session.included {
                Included::Searched(redacted) => Some(Arc::clone(redacted)),
                Included::Nothing | Included::Waiting(_) | Included::Refused(_) => None,
            })
        });
        // Put together once for each search, and in another language where nothing was changed in it: whatever else happens on the
        // page, the reader's changes stay.
        Effect::new(move |before: Option<(Option<Arc<Redacted>>, Option<String>)>| {
            let (searched, _) = (searched.get(), language::now());
            let is_theirs = before.as_ref().is_some_and(|(known, composed)| {
                *known == searched && edited.with_untracked(|edited| edited != composed)
            });
            if is_theirs {
                return before.unwrap_or_default();
            }
            let composed = untrack(|| searched.as_ref().and_then(|redacted| take_away.compose(Some(redacted))));
            edited.set(composed.clone());
            (searched, composed)
        });
        take_away
    }

    /// The text; `None` where there is no answer, or nothing that may leave yet.
    fn text(self) -> Option<String> {
        if self.include.get() { self.edited.get() } else { self.compose(None) }
    }

    /// The text as it is put together.
    fn compose(self, included: Option<&Redacted>) -> Option<String> {
        self.with_answer(|turn, provenance| take_away::text(turn, provenance, included))
    }

    /// The answer on screen with what made it; `None` where it has not ended.
    fn with_answer<T>(self, told: impl FnOnce(&Turn, Provenance) -> T) -> Option<T> {
        self.assistant.session.with(|session| {
            let turn = session.turn.as_ref().filter(|turn| turn.record.is_some())?;
            let model = match &session.model {
                Model::Ready(info) if !turn.is_looked_up() => Some(info),
                _ => None,
            };
            let provenance = Provenance { date: &today(), model, library: session.library.as_deref() };
            Some(told(turn, provenance))
        })
    }
}

/// Today where the reader is: 2026-11-22.
fn today() -> String {
    let now = js_sys::Date::new_0();
    format!("{:04}-{:02}-{:02}", now.get_full_year(), now.get_month() + 1, now.get_date())
}

/// Copy and Print, and what goes along.
#[component]
pub fn TakeAwayPanel() -> impl IntoView {
    let taken = expect_context::<TakeAway>();
    let assistant = taken.assistant;
    let text = Memo::new(move |_| taken.text());
    let ended = Memo::new(move |_| {
        assistant.session.with(|session| session.turn.as_ref().is_some_and(|turn| turn.record.is_some()))
    });
    // Told of this text only.
    let copied: RwSignal<Option<bool>> = RwSignal::new(None);
    Effect::new(move |_| {
        text.track();
        copied.set(None);
    });
    let copy = move |_| {
        let Some(text) = text.get_untracked() else { return };
        spawn_local(async move { copied.set(Some(write_to_clipboard(&text).await)) });
    };
    let print = move |_| {
        // A browser that does not print has said so itself.
        let _ = window().print();
    };
    let save = move |_| {
        if let Some(text) = text.get_untracked() {
            offer("md", "text/markdown", &take_away::markdown(&text));
        }
    };
    let save_json = move |_| {
        let json =
            text.get_untracked().and_then(|text| taken.with_answer(|turn, made| take_away::json(turn, made, &text)));
        if let Some(json) = json {
            offer("json", "application/json", &json);
        }
    };
    let unable = move || text.with(Option::is_none);
    view! {
        <Show when=move || ended.get()>
            <div class="take-away" role="group" aria-label=words::HEADING data-testid="take-away">
                <CheckBox
                    test_id="take-include"
                    checked=taken.include
                    check=move |wanted: bool| assistant.include(wanted)
                >
                    {words::INCLUDE}
                </CheckBox>
                <Show
                    when=move || taken.include.get()
                    fallback=|| view! { <p class="take-away__hint">{words::WITHOUT}</p> }
                >
                    <Preview take_away=taken />
                </Show>
                <div class="take-away__actions">
                    <button class="button" type="button" data-testid="take-copy" disabled=unable on:click=copy>
                        {words::COPY}
                    </button>
                    <button class="button" type="button" data-testid="take-print" disabled=unable on:click=print>
                        {words::PRINT}
                    </button>
                    <button class="button" type="button" data-testid="take-save" disabled=unable on:click=save>
                        {words::SAVE}
                    </button>
                    <button class="button" type="button" data-testid="take-json" disabled=unable on:click=save_json>
                        {words::SAVE_JSON}
                    </button>
                    <p role="status" data-testid="take-told">
                        {move || copied.get().map(|copied| if copied { words::COPIED() } else { words::NOT_COPIED() })}
                    </p>
                </div>
                <Show when=move || copied.get() == Some(false) && !taken.include.get()>
                    <textarea
                        class="take-away__text"
                        data-testid="take-plain"
                        rows="10"
                        readonly
                        aria-label=words::EDIT
                        translate="no"
                        prop:value=move || text.get().unwrap_or_default()
                    ></textarea>
                </Show>
            </div>
        </Show>
    }
}

/// Question and note as they would leave the page, and the whole text to change.
#[component]
fn Preview(
    /// What is taken along.
    take_away: TakeAway,
) -> impl IntoView {
    let session = take_away.assistant.session;
    let included = Memo::new(move |_| session.with(|session| session.included.clone()));
    move || match included.get() {
        Included::Nothing => ().into_any(),
        Included::Waiting(_) => view! { <p class="take-away__hint">{words::SEARCHING}</p> }.into_any(),
        Included::Refused(problem) => view! {
            <p
                class="take-away__notice"
                role="alert"
                data-testid="take-refused"
                data-kind=problem.kind.name()
                lang=problem.message.lang()
            >
                {message(&problem.message)}
            </p>
        }
        .into_any(),
        Included::Searched(redacted) => {
            let count = redacted.placeholders.len();
            view! {
            <p class="take-away__notice" data-testid="take-notice">{identifiers::NOTICE}</p>
            <p id="take-marked" class="take-away__label">
                {words::MARKED} ": " {move || words::found(count)}
            </p>
            <div class="take-away__marked" role="group" aria-labelledby="take-marked" data-testid="take-marked" lang=CONTENT translate="no">
                {marked(&redacted)}
            </div>
            <label class="take-away__label" for="take-text">
                {words::EDIT}
            </label>
            <textarea
                id="take-text"
                class="take-away__text"
                data-testid="take-text"
                rows="12"
                spellcheck="false"
                autocomplete="off"
                translate="no"
                prop:value=move || take_away.edited.get().unwrap_or_default()
                on:input=move |event| take_away.edited.set(Some(event_target_value(&event)))
            ></textarea>
        }
        .into_any()
        }
    }
}

/// Each text with its placeholders marked; a mark names what it stands for, in the page's language where it knows the kind.
fn marked(redacted: &Redacted) -> Vec<AnyView> {
    let piece = |(piece, class): (&str, Option<&str>)| match class {
        None => piece.to_owned().into_any(),
        Some(class) => {
            let title = identifiers::of_placeholder(piece).unwrap_or(class).to_owned();
            view! { <mark class="mark" title=title>{piece.to_owned()}</mark> }.into_any()
        }
    };
    let text = |text: &String| {
        let pieces = take_away::marked(text, &redacted.placeholders).into_iter().map(piece).collect::<Vec<_>>();
        view! { <p dir="auto">{pieces}</p> }.into_any()
    };
    redacted.texts.iter().map(text).collect()
}

/// What the printer gets: the same text as the clipboard, and nothing else of the page.
#[component]
pub fn PrintSheet() -> impl IntoView {
    let take_away = expect_context::<TakeAway>();
    let text = Memo::new(move |_| take_away.text());
    move || {
        let text = text.get()?;
        let paragraphs =
            text.trim_end().split("\n\n").map(|part| view! { <p dir="auto">{part.to_owned()}</p> }).collect::<Vec<_>>();
        Some(view! { <div class="print-sheet" data-testid="print-sheet" translate="no">{paragraphs}</div> })
    }
}

/// Offers a file to be saved. The browser asks where, or puts it where it puts files.
fn offer(ending: &str, kind: &str, text: &str) {
    let name = format!("chairside-{}.{ending}", today());
    let about = web_sys::BlobPropertyBag::new();
    about.set_type(kind);
    let parts = js_sys::Array::of1(&JsValue::from_str(text));
    let Ok(file) = web_sys::Blob::new_with_str_sequence_and_options(&parts, &about) else { return };
    let Ok(address) = web_sys::Url::create_object_url_with_blob(&file) else { return };
    if let Ok(link) = document().create_element("a")
        && let Ok(link) = link.dyn_into::<web_sys::HtmlAnchorElement>()
    {
        link.set_href(&address);
        link.set_download(&name);
        link.click();
    }
    let _ = web_sys::Url::revoke_object_url(&address);
}

/// Whether the browser has taken the text.
async fn write_to_clipboard(text: &str) -> bool {
    // Absent where the page is served without TLS; the ordinary getter would then hand out an object that is none.
    let clipboard = js_sys::Reflect::get(&window().navigator(), &JsValue::from_str("clipboard"));
    let Some(clipboard) = clipboard.ok().and_then(|found| found.dyn_into::<web_sys::Clipboard>().ok()) else {
        return false;
    };
    JsFuture::from(clipboard.write_text(text)).await.is_ok()
}
