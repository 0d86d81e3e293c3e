//! Looking through the knowledge base, with the model or without it: contents, search in the titles, whole entries.

use std::sync::Arc;

use leptos::html;
use leptos::prelude::*;
use mambaformer_wasm::browse::{Contents, Entry, EntryTitle};

use crate::assistant::Assistant;
use crate::browsing;
use crate::language::CONTENT;
use crate::parts::evidence::kind_key;
use crate::parts::expanded::{expanded, library};
use crate::parts::section::{Section, is_open};
use crate::session::Session;
use crate::words;
use crate::words::browsing as say;

/// What the link in the header points at.
pub(crate) const SECTION: &str = "browse";

/// How the contents are ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Order {
    Subject,
    Letter,
}

/// The section, folded away until it is wanted; its contents are asked for then.
#[component]
pub fn BrowseSection() -> impl IntoView {
    let assistant = expect_context::<Assistant>();
    let session = assistant.session;
    let open = RwSignal::new(false);
    let searchable = Memo::new(move |_| session.with(Session::is_searchable));
    let contents = Memo::new(move |_| session.with(|session| session.browsing.contents.clone()));
    let entry = Memo::new(move |_| session.with(|session| session.browsing.entry.clone()));
    let problem = Memo::new(move |_| session.with(|session| session.browsing.problem.clone()));
    Effect::new(move |_| {
        if open.get() && searchable.get() && contents.with_untracked(Option::is_none) {
            assistant.browse();
        }
    });
    view! {
        <Section id=SECTION name=say::HEADING what=say::WHAT open>
            <p role="status" data-testid="browse-told" lang=move || problem.with(Option::is_some).then_some(CONTENT)>
                {move || problem.get().or_else(|| contents.with(Option::is_none).then(|| say::LOADING().to_owned()))}
            </p>
            <Show when=move || contents.with(Option::is_some)>
                // Hidden and not taken away while an entry is open: what is unfolded stays so.
                <div hidden=move || entry.with(Option::is_some)>
                    {move || contents.get().map(|contents| view! { <ContentsView contents /> })}
                </div>
            </Show>
            {move || entry.get().map(|entry| view! { <EntryView entry /> })}
        </Section>
    }
}

/// Search and lists.
#[component]
fn ContentsView(
    /// Everything there is.
    contents: Arc<Contents>,
) -> impl IntoView {
    let looked_for = RwSignal::new(String::new());
    let order = RwSignal::new(Order::Subject);
    let searching = Memo::new(move |_| looked_for.with(|text| !text.trim().is_empty()));
    let hits = {
        let contents = Arc::clone(&contents);
        Memo::new(move |_| {
            let (found, count) = looked_for.with(|text| {
                let (found, count) = browsing::hits(&contents, text);
                (found.into_iter().cloned().collect::<Vec<_>>(), count)
            });
            (Arc::new(found), count)
        })
    };
    let groups = {
        let contents = Arc::clone(&contents);
        Memo::new(move |_| match order.get() {
            Order::Subject => {
                let subjects = contents.subjects.iter();
                subjects.map(|subject| (subject.name.clone(), Arc::new(subject.entries.clone()))).collect::<Vec<_>>()
            }
            Order::Letter => browsing::by_letter(&contents)
                .into_iter()
                .map(|(letter, entries)| (letter.to_string(), Arc::new(entries.into_iter().cloned().collect())))
                .collect(),
        })
    };
    let choose = move |event: leptos::ev::Event| {
        order.set(if event_target_value(&event) == "letter" { Order::Letter } else { Order::Subject });
    };
    view! {
        <div class="browse__tools">
            <div class="field">
                <label for="browse-search">{say::LOOK_FOR}</label>
                <input
                    id="browse-search"
                    class="field__input"
                    type="search"
                    data-testid="browse-search"
                    lang=CONTENT
                    spellcheck="false"
                    autocomplete="off"
                    autocapitalize="off"
                    translate="no"
                    on:input=move |event| looked_for.set(event_target_value(&event))
                />
            </div>
            <div class="field">
                <label for="browse-order">{say::ORDER}</label>
                <select id="browse-order" class="field__input" data-testid="browse-order" on:change=choose>
                    <option value="subject" selected>{say::BY_SUBJECT}</option>
                    <option value="letter">{say::BY_LETTER}</option>
                </select>
            </div>
        </div>
        <p role="status" data-testid="browse-found">
            {move || searching.get().then(|| hits.with(|(found, count)| say::found(found.len(), *count)))}
        </p>
        <Show
            when=move || searching.get()
            fallback=move || {
                view! {
                    <For each=move || groups.get() key=|(name, _)| name.clone() let((name, entries))>
                        <Group name entries />
                    </For>
                }
            }
        >
            {move || view! { <Titles entries=hits.with(|(found, _)| Arc::clone(found)) /> }}
        </Show>
    }
}

/// A subject or letter; its titles are drawn when it is unfolded.
#[component]
fn Group(
    /// What it is called.
    name: String,
    /// What belongs to it.
    entries: Arc<Vec<EntryTitle>>,
) -> impl IntoView {
    let open = RwSignal::new(false);
    view! {
        <details class="browse__group" on:toggle=move |event| open.set(is_open(&event))>
            <summary lang=CONTENT>{say::group(&name, entries.len())}</summary>
            <Show when=move || open.get()>
                <Titles entries=Arc::clone(&entries) />
            </Show>
        </details>
    }
}

/// A list of titles that open their entries.
#[component]
fn Titles(
    /// The titles.
    entries: Arc<Vec<EntryTitle>>,
) -> impl IntoView {
    let assistant = expect_context::<Assistant>();
    let rows = entries
        .iter()
        .map(|entry| {
            let (passage, title, kind) = (entry.passage.clone(), entry.title.clone(), entry.kind);
            view! {
                <li>
                    <button
                        class="browse__title"
                        type="button"
                        data-passage=passage.clone()
                        on:click=move |_| assistant.open_entry(passage.clone())
                    >
                        <span lang=CONTENT>{title}</span>
                        <span class="passage__kind" data-kind=kind_key(kind)>{move || words::evidence::kind(kind)}</span>
                    </button>
                </li>
            }
        })
        .collect::<Vec<_>>();
    view! { <ul class="browse__titles">{rows}</ul> }
}

/// One entry, whole.
#[component]
fn EntryView(
    /// The entry.
    entry: Arc<Entry>,
) -> impl IntoView {
    let assistant = expect_context::<Assistant>();
    let heading = NodeRef::<html::H3>::new();
    // Whoever opened it by a button that is gone now goes on from here.
    Effect::new(move |_| {
        if let Some(heading) = heading.get() {
            let _ = heading.focus();
        }
    });
    let running = Memo::new(move |_| assistant.session.with(|session| session.running().is_some()));
    let library = library();
    let title = entry.evidence.title.clone();
    let asked = title.clone();
    let lines = entry.lines.iter().filter_map(|(start, end)| entry.evidence.text.get(*start..*end));
    let record = entry.evidence.kind == mambaformer_wasm::answer::EvidenceKind::Record;
    let text = if record {
        let lines = lines.map(|line| view! { <li dir="auto">{line.trim().to_owned()}</li> }).collect::<Vec<_>>();
        view! { <ul class="browse__lines" lang=CONTENT translate="no">{lines}</ul> }.into_any()
    } else {
        view! {
            <p class="passage__text" dir="auto" lang=CONTENT translate="no">
                {library.with(|library| expanded(&entry.evidence.text, library.as_ref()))}
            </p>
        }
        .into_any()
    };
    let about = (!entry.about.is_empty()).then(|| entry.about.join("; "));
    let see_also = (!entry.see_also.is_empty()).then(|| {
        let entries = Arc::new(entry.see_also.clone());
        view! {
            <h4 class="browse__beside">{say::SEE_ALSO}</h4>
            <Titles entries />
        }
    });
    view! {
        <article class="browse__entry" data-testid="browse-entry" data-passage=entry.evidence.passage.clone()>
            <div class="browse__ways">
                <button class="button" type="button" data-testid="browse-back" on:click=move |_| assistant.close_entry()>
                    {say::BACK}
                </button>
                <button class="button" type="button" data-testid="browse-contents" on:click=move |_| assistant.close_entries()>
                    {say::CONTENTS}
                </button>
                <button
                    class="button"
                    type="button"
                    data-testid="browse-ask"
                    disabled=move || running.get()
                    on:click=move |_| assistant.ask_about(&asked)
                >
                    {say::ASK}
                </button>
            </div>
            <h3 class="passage__title" tabindex="-1" dir="auto" lang=CONTENT node_ref=heading>{title}</h3>
            {text}
            <p class="passage__source" lang=CONTENT>{entry.evidence.source.clone()}</p>
            <p class="passage__source" lang=CONTENT>{about}</p>
            {see_also}
        </article>
    }
}
